"""Options that several commands share."""

from __future__ import annotations

import enum
import os
from pathlib import Path
from typing import Annotated

import typer

from taxiway.embedded.config import home_of

Home = Annotated[
    Path | None,
    typer.Option(
        "--home",
        envvar="TAXIWAY_HOME",
        help="The folder that holds everything.",
        show_default="~/.taxiway",
    ),
]
Port = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=65535,
        help="The server's port; 0: any free one.",
        show_default="8000, or the next free one",
    ),
]
AirflowPort = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=65535,
        help="Airflow's port; 0: any free one.",
        show_default="8080, or the next free one",
    ),
]


class Form(enum.StrEnum):
    """Tables for people, JSON for programs."""

    table = "table"
    json = "json"


Output = Annotated[Form, typer.Option("--output", "-o", help="For people or programs.")]
Server = Annotated[
    str | None,
    typer.Option(
        "--server",
        envvar="TAXIWAY_SERVER",
        help="The server's address.",
        show_default="that of the running stack, or http://127.0.0.1:8000",
    ),
]
Workflow = Annotated[str, typer.Argument(help="Its id, its DAG id or its name.")]
Run = Annotated[str, typer.Argument(help="The run's id, or how it begins.")]
Element = Annotated[
    int | None, typer.Option("--map-index", min=0, help="Which of the elements that it ran for.")
]
Message = Annotated[str | None, typer.Option("--message", "-m", help="Why.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Limit = Annotated[int, typer.Option(min=1, help="Show at most so many.")]
Unset = Annotated[
    list[str] | None,
    typer.Option(help="A field of the API that shall be null, like warm; repeat it."),
]
File = Annotated[
    Path | None, typer.Option("--file", "-f", help="JSON with fields of the API; - is stdin.")
]


def folder(home: Path | None) -> Path:
    """The home that was meant, absolute."""
    return home.expanduser().absolute() if home else home_of(os.environ)
