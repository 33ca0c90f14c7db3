from __future__ import annotations

import pytest
import typer

from taxiway.cli.failures import exit_status, show, translated
from taxiway.errors import (
    Conflict,
    Denied,
    Invalid,
    NotFound,
    Problem,
    TaskFailed,
    TaxiwayError,
    Unavailable,
)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (Invalid, 2),
        (NotFound, 3),
        (Conflict, 4),
        (Denied, 5),
        (TaskFailed, 6),
        (Unavailable, 7),
        (TaxiwayError, 70),
    ],
)
def test_each_kind_of_error_has_its_exit_status(kind: type[TaxiwayError], status: int) -> None:
    assert exit_status(kind("code", "message")) == status


def test_an_error_is_a_message_and_a_hint_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    show(Conflict("port-taken", "Port 1 is taken", hint="Take another one."))
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "error: Port 1 is taken\n\nhint: Take another one.\n"


def test_every_problem_is_shown_and_every_hint_once(capsys: pytest.CaptureFixture[str]) -> None:
    problems = [
        Problem("one", "first", "a.txt:1", hint="Do this."),
        Problem("two", "second", "a.txt:2", hint="Do this."),
    ]
    show(Invalid("refused", "Refused", problems=problems))
    shown = capsys.readouterr().err
    assert "  a.txt:1: first\n  a.txt:2: second\n" in shown
    assert shown.count("hint: Do this.") == 1


def test_a_secret_in_an_address_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    show(Unavailable("gone", "https://ada:secret@example.org is gone"))
    assert "secret" not in capsys.readouterr().err


def test_a_bug_of_ours_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> None:
        raise ZeroDivisionError("oh")

    with pytest.raises(typer.Exit) as ended:
        translated(command)()
    assert ended.value.exit_code == 70
    shown = capsys.readouterr().err
    assert "ZeroDivisionError: oh" in shown
    assert "a bug of Taxiway" in shown


def test_an_interrupt_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    def command() -> None:
        raise KeyboardInterrupt

    with pytest.raises(typer.Exit) as ended:
        translated(command)()
    assert ended.value.exit_code == 130
    assert capsys.readouterr() == ("", "")


def test_wrong_usage_stays_with_the_parser() -> None:
    def command() -> None:
        raise typer.BadParameter("no")

    with pytest.raises(typer.BadParameter):
        translated(command)()
