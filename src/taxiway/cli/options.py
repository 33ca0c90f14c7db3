"""Options that several commands share."""

from __future__ import annotations

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


def folder(home: Path | None) -> Path:
    """The home that was meant, absolute."""
    return home.expanduser().absolute() if home else home_of(os.environ)
