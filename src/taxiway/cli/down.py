"""`taxiway down`: end the stack of a home, and all that is left of a killed one."""

from __future__ import annotations

import typer

from taxiway.cli import options
from taxiway.embedded import ending


def command(home: options.Home = None) -> None:
    """End the running stack, and wait until nothing of it is left."""
    folder = options.folder(home)
    ended = ending.end_stack(folder)
    if ended.supervisor:
        typer.echo(f"Ended the stack of {folder} (pid {ended.supervisor})")
    elif ended.remains:
        typer.echo(f"Ended {ended.remains} processes that a killed stack had left in {folder}")
    else:
        typer.echo(f"No stack runs in {folder}")
