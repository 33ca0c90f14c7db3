"""`taxiway runs backfill` and `backfills`: runs for ticks of the past that had none."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from taxiway.cli import display, options
from taxiway.cli.connection import connect
from taxiway.cli.naming import workflow_of

From = Annotated[datetime, typer.Option("--from", help="The first moment, in UTC.")]
To = Annotated[datetime, typer.Option("--to", help="The last moment, in UTC.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only list the ticks.")]


def backfill(
    workflow: options.Workflow,
    from_: From,
    to: To,
    dry_run: DryRun = False,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Start those of the schedule's ticks between two moments that have no run."""
    span = {"from": f"{from_.isoformat()}Z", "to": f"{to.isoformat()}Z"}
    with connect(server, home) as connection:
        found = workflow_of(connection.client, workflow)
        made = connection.client.backfill(found["id"], **span, dry_run=dry_run)
        if output is options.Form.json:
            display.data(made)
        else:
            rows = [(display.moment(date),) for date in made["logical_dates"]]
            display.table(("tick",), rows, empty="No tick of that time is without a run.")
            made_or_not = "would be made" if dry_run else "are made"
            display.note(f"Runs for {made['total']} of the schedule's ticks {made_or_not}")
        connection.point_to_workflow(found)


def backfills(
    workflow: options.Workflow,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """List the backfills of a workflow, newest first."""
    with connect(server, home) as connection:
        found = workflow_of(connection.client, workflow)
        made = connection.client.backfills(found["id"])
        if output is options.Form.json:
            display.data(made)
        else:
            moments = ("from", "to", "created_at", "ended_at")
            rows = [
                (b["id"], b["state"], *(display.moment(b[name]) for name in moments)) for b in made
            ]
            titles = ("backfill", "state", "from", "to", "begun (UTC)", "ended (UTC)")
            display.table(titles, rows, empty="There is no backfill of it.")
        connection.point_to_workflow(found)
