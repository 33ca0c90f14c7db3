from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

from taxiway.cli.spread import spread


@dataclass(frozen=True)
class Size:
    wide: Annotated[int, typer.Option(help="In metres.")]
    high: Annotated[int | None, typer.Option("--height", "-H", help="In metres.")] = None


def called(*args: str) -> Any:
    seen: list[Any] = []

    def command(name: Annotated[str, typer.Argument()], size: Size, loud: bool = False) -> None:
        seen.append((name, size, loud))

    app = typer.Typer()
    app.command()(spread(command))
    ended = CliRunner().invoke(app, args)
    return (seen or [ended.output])[0]


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (("hut", "--wide", "3"), ("hut", Size(3), False)),
        (("hut", "--wide", "3", "-H", "2", "--loud"), ("hut", Size(3, 2), True)),
    ],
)
def test_a_command_is_given_its_options_as_one_object(args: Any, expected: Any) -> None:
    assert called(*args) == expected


def test_a_field_without_a_default_is_a_required_option() -> None:
    assert "--wide" in called("hut")


def test_the_help_tells_of_each_field() -> None:
    assert "In metres." in called("--help")
