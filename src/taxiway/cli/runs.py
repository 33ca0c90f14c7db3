"""`taxiway runs`: start, follow and end executions of releases."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from taxiway.cli import display, following, given, options
from taxiway.cli.backfill import backfill, backfills
from taxiway.cli.connection import Connection, connect
from taxiway.cli.naming import SHORT, run_of, workflow_of
from taxiway.cli.outcomes import artifacts, record, value
from taxiway.client.http import TERMINAL, Json
from taxiway.errors import TaxiwayError

HELP = "Start runs, follow them, cancel and retry them."

Wait = Annotated[bool, typer.Option("--wait", "-w", help="Follow it to its end.")]
Tasks = Annotated[
    list[str] | None,
    typer.Option("--task", help="Only this task and what follows it; repeat it for more."),
]


def list_(
    workflow: Annotated[str | None, typer.Argument(help="Only this workflow's.")] = None,
    state: Annotated[
        str | None, typer.Option(help="Only those that are queued, running, success …")
    ] = None,
    limit: options.Limit = 20,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """List runs, newest first."""
    with connect(server, home) as connection:
        client, asked = connection.client, given.present(state=state, limit=min(limit, 200))
        if workflow is None:
            found = client.all_runs(**asked)
        else:
            found = client.runs(workflow_of(client, workflow)["id"], **asked)
        fitting = (run for run in found if state in (None, run["state"]))
        runs = list(islice(fitting, limit))
    if output is options.Form.json:
        display.data(runs)
        return
    display.table(
        ("run", "workflow", "release", "state", "begun (UTC)", "time"),
        [
            (
                run["id"][:SHORT],
                run["workflow_name"],
                run["release"],
                run["state"],
                display.moment(run["started_at"] or run["created_at"]),
                display.seconds(display.between(run["started_at"], run["ended_at"])),
            )
            for run in runs
        ],
        empty="There is no run that fits.",
    )


def show(
    run: options.Run,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Show one run with its tasks, and where their time went."""
    with connect(server, home) as connection:
        found = run_of(connection.client, run)
        _tell(connection, found, output)
        connection.point_to_run(found)


def trigger(
    workflow: options.Workflow,
    param: Annotated[
        list[str] | None,
        typer.Option(help="TASK.NAME=JSON, for this run only; repeat it for more."),
    ] = None,
    params_file: Annotated[
        Path | None, typer.Option(help="JSON with params by task; - is stdin.")
    ] = None,
    logical_date: Annotated[
        datetime | None, typer.Option(help="The moment that it stands for, in UTC.")
    ] = None,
    wait: Wait = False,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Start a run of the current release."""
    params = given.json_object(params_file) if params_file else {}
    for task, values in given.params_by_task(param).items():
        params[task] = {**params.get(task, {}), **values}
    date = {"logical_date": f"{logical_date.isoformat()}Z"} if logical_date else {}
    with connect(server, home) as connection:
        found = workflow_of(connection.client, workflow)
        run = connection.client.trigger(found["id"], params=params, **date)
        _started(connection, run, output, wait=wait)


def cancel(
    run: options.Run,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Stop a run; its processes are gone within seconds."""
    with connect(server, home) as connection:
        found = run_of(connection.client, run)
        ended = connection.client.cancel_run(found["id"])
        if output is options.Form.json:
            display.data(ended)
        else:
            display.note(f"Cancelled the run {ended['id']}: {ended['state']}")
        connection.point_to_run(ended)


def retry(
    run: options.Run,
    task: Tasks = None,
    wait: Wait = False,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Run what failed, and all that follows it, again."""
    with connect(server, home) as connection:
        found = run_of(connection.client, run)
        again = connection.client.retry_run(found["id"], tasks=task or ())
        _started(connection, again, output, wait=wait)


def watch(
    run: options.Run,
    every_line: Annotated[
        bool, typer.Option("--all", help="Airflow's and Taxiway's own lines too.")
    ] = False,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Follow a run to its end: states and lines as they come (`-o json`: one event a line)."""
    with connect(server, home) as connection:
        follower = following.Follower(connection.client, run_of(connection.client, run)["id"])
        for event in follower.until_ended():
            if output is options.Form.json:
                display.line(event)
            elif every_line or following.is_own(event):
                typer.echo(following.as_text(event))
        connection.point_to_run(follower.run)
        following.require_success(connection.client, follower.run)


def _started(connection: Connection, run: Json, output: options.Form, *, wait: bool) -> None:
    """Say what began, and with `wait` how it goes on (on stderr) and what it came to."""
    connection.point_to_run(run)
    if wait:
        follower = following.Follower(connection.client, run["id"])
        for event in follower.until_ended():
            if following.is_own(event):
                display.note(following.as_text(event))
        run = follower.run
    if output is options.Form.json:
        display.data(run)
    elif wait:
        _tell(connection, run, output)
    else:
        display.fields(_fields(run))
    if wait:
        following.require_success(connection.client, run)


def _tell(connection: Connection, run: Json, output: options.Form) -> None:
    try:
        tasks = connection.client.run_tasks(run["id"])
    except TaxiwayError as error:  # Airflow may be away; what is on record is still told
        tasks = []
        display.note(f"Its tasks cannot be told now: {error.message}")
    if output is options.Form.json:
        display.data({**run, "tasks": tasks})
        return
    display.fields(_fields(run))
    typer.echo("")
    rows = [
        (following.name_of(t), t["state"], t["try_number"] or "", _time(t), _spent(t))
        for t in tasks
    ]
    display.table(("task", "state", "try", "time", "spent"), rows, empty="It has no task yet.")


def _fields(run: Json) -> list[tuple[str, object]]:
    took = display.between(run["started_at"], run["ended_at"])
    return [
        *(("run", run["id"]), ("workflow", run["workflow_name"]), ("state", run["state"])),
        *(("release", run["release"]), ("commit", run["commit"]), ("params", run["params"])),
        *(("started by", run["trigger"]), ("logical date", display.moment(run["logical_date"]))),
        ("begun (UTC)", display.moment(run["started_at"] or run["created_at"])),
        ("ended (UTC)", display.moment(run["ended_at"]) if run["state"] in TERMINAL else ""),
        ("time", display.seconds(took)),
    ]


def _time(task: Json) -> str:
    return display.seconds(task["duration"])


def _spent(task: Json) -> str:
    """Where the time of a task went, in parts that matter."""
    timings = task.get("timings") or {}
    parts = [(name, found) for name, found in timings.items() if isinstance(found, int | float)]
    return ", ".join(f"{name} {found:.1f}" for name, found in parts if found >= 0.05)


VERBS = {
    "list": list_,
    "show": show,
    "trigger": trigger,
    "cancel": cancel,
    "retry": retry,
    "watch": watch,
    "value": value,
    "record": record,
    "artifacts": artifacts,
    "backfill": backfill,
    "backfills": backfills,
}
