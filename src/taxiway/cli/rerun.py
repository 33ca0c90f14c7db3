"""`taxiway rerun`: run again, on the current release, what another release ran."""

from __future__ import annotations

from typing import Annotated

import typer

from taxiway.cli import display, options
from taxiway.cli.connection import connect
from taxiway.cli.given import present
from taxiway.cli.naming import workflow_of


def command(
    workflow: options.Workflow,
    release: Annotated[int | None, typer.Option(help="All runs that this release made.")] = None,
    run: Annotated[list[str] | None, typer.Option(help="A run's id; repeatable.")] = None,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Run again, on the current release, what another release ran: same params, same moments."""
    with connect(server, home) as connection:
        found = workflow_of(connection.client, workflow)
        done = connection.client.rerun(found["id"], **present(release=release, runs=run))
    if output is options.Form.json:
        display.data(done)
        return
    display.table(
        ("run", "again", "error"),
        [
            (one["run"], (one["again"] or {}).get("id"), (one["error"] or {}).get("message"))
            for one in done["items"]
        ],
        empty="There is no such run.",
    )
