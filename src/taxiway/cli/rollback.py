"""`taxiway rollback`: make an earlier release current again, and hold the workflow there."""

from __future__ import annotations

from typing import Annotated

import typer

from taxiway.cli import display, options
from taxiway.cli.connection import connect
from taxiway.cli.naming import workflow_of
from taxiway.client.http import Json


def command(
    workflow: options.Workflow,
    release: Annotated[int, typer.Argument(help="The number of the release to go back to.")],
    message: options.Message = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Make an earlier release current again, as it was sealed; nothing deploys until `resume`."""
    with connect(server, home) as connection:
        found = workflow_of(connection.client, workflow)
        done = connection.client.roll_back(found["id"], release, message=message, dry_run=dry_run)
        if output is options.Form.json:
            display.data(done)
            return
        display.note(done["text"])
        if done["hold"]:
            display.note(f"{found['name']} is {done['hold']['text']}")
        _tell_runs(found, done)


def _tell_runs(workflow: Json, done: Json) -> None:
    if not done["runs"]:
        return
    display.table(
        ("run", "state", "trigger", "begun (UTC)"),
        [
            (run["id"], run["state"], run["trigger"], display.moment(run["created_at"]))
            for run in done["runs"]
        ],
    )
    display.note(
        f"Release {done['from_release']} made {done['runs_total']} runs; "
        f"`taxiway rerun {workflow['dag_id']} --release {done['from_release']}` runs them again."
    )
