"""`taxiway cleanup`: remove releases that are old and not in use."""

from __future__ import annotations

from typing import Annotated

import typer

from taxiway.cli import display, options
from taxiway.cli.connection import connect
from taxiway.client.http import Json


def command(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Remove the releases that the settings let go, with all that only they had."""
    with connect(server, home) as connection:
        done = connection.client.clean_up(dry_run=dry_run)
    if output is options.Form.json:
        display.data(done)
        return
    _tell(done)


def _tell(done: Json) -> None:
    display.table(
        ("workflow", "release", "commit"),
        [(one["workflow"], one["release"], one["commit"]) for one in done["releases"]],
        empty="No release is old enough, or all are in use.",
    )
    rows = [
        (f"{place}/{name}", one["entries"], f"{one['bytes']:,}", one["in_use"])
        for place in ("storage", "cache")
        for name, one in done[place].items()
        if one["entries"] or one["in_use"]
    ]
    if rows:
        display.table(("what", "entries", "bytes", "in use"), rows)
    verb = "Would free" if done["dry_run"] else "Freed"
    display.note(f"{verb} {done['freed_bytes']:,} bytes")
