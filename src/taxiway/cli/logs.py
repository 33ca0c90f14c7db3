"""`taxiway logs`: what the tasks of a run wrote."""

from __future__ import annotations

from typing import Annotated

import typer

from taxiway.cli import display, following, options
from taxiway.cli.connection import connect
from taxiway.cli.naming import run_of
from taxiway.client.http import Json
from taxiway.errors import Invalid, NotFound


def command(
    run: options.Run,
    task: Annotated[str | None, typer.Argument(help="Only this task.")] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until the run has ended.")
    ] = False,
    map_index: options.Element = None,
    try_number: Annotated[
        int | None,
        typer.Option("--try", min=1, help="Only this try.", show_default="all of them"),
    ] = None,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Print the log of a run's tasks, or of one (`-o json`: one line of it a line)."""
    with connect(server, home) as connection:
        client = connection.client
        found = run_of(client, run)
        tasks = client.run_tasks(found["id"])
        names = [following.name_of(state) for state in tasks]
        _require_task(found, task, list(dict.fromkeys(state["task"] for state in tasks)))
        _require_element(task, map_index, tasks, follow=follow)
        follower = following.Follower(
            client, found["id"], only=task, only_element=map_index, only_try=try_number
        )
        events = follower.until_ended() if follow else follower.look()
        width = max(map(len, names), default=0)
        for event in events:
            if event["event"] != "line":
                continue
            if output is options.Form.json:
                display.line({name: part for name, part in event.items() if name != "event"})
            elif task is None or (map_index is None and event["map_index"] >= 0):
                typer.echo(following.as_text(event, width=min(width, 24)))
            else:
                typer.echo(display.plain(event["text"]))


def _require_element(
    task: str | None, map_index: int | None, tasks: list[Json], *, follow: bool
) -> None:
    """One that is followed may still come."""
    if map_index is None:
        return
    if task is None:
        raise Invalid("option-refused", "--map-index says which element of a task: name the task")
    known = [one["map_index"] for one in tasks if one["task"] == task]
    if map_index not in known and not follow:
        has = (
            f"It has those from 0 to {max(known)}."
            if max(known, default=-1) >= 0
            else "It has none."
        )
        raise NotFound(
            "element-not-found", f"The task {task} of this run has no element {map_index}", hint=has
        )


def _require_task(run: Json, task: str | None, names: list[str]) -> None:
    if task is not None and names and task not in names:
        raise NotFound(
            "task-not-found",
            f"The run {run['id']} has no task {task[:255]!r}",
            hint=f"It has: {', '.join(names)}.",
        )
