"""`taxiway status`: what runs of a stack, and whether it is ready."""

from __future__ import annotations

import json

import typer
from rich.console import Console
from rich.table import Table

from taxiway.cli import options
from taxiway.embedded.condition import Condition, condition_of

NOT_RUNNING, NOT_READY = 3, 7


def command(home: options.Home = None, output: options.Output = options.Form.table) -> None:
    """Show the parts of the stack.

    Exit status 0: all ready; 3: nothing runs; 7: it runs, and something is not ready.
    """
    condition = condition_of(options.folder(home))
    if output is options.Form.json:
        typer.echo(json.dumps(condition.as_dict(), indent=2))
    else:
        _show(condition)
    if not condition.running:
        raise typer.Exit(NOT_RUNNING)
    if not condition.ready:
        raise typer.Exit(NOT_READY)


def _show(condition: Condition) -> None:
    if not condition.running:
        typer.echo(f"No stack runs in {condition.home}")
        if condition.remains:
            typer.echo(
                f"\nhint: {condition.remains} processes of a killed one are left; "
                "`taxiway up` and `taxiway down` end them",
                err=True,
            )
        return
    table = Table(box=None, pad_edge=False)
    for name in ("part", "state", "pid", "up for", "address"):
        table.add_column(name)
    for part in condition.parts:
        table.add_row(part.name, part.state, part.pid_text, part.age_text, part.address)
    Console(soft_wrap=True).print(table)
    if condition.missing:
        typer.echo(f"\nNot ready: {', '.join(condition.missing)}")
