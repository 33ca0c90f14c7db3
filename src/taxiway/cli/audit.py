"""`taxiway audit`: the record of what was done."""

from __future__ import annotations

from itertools import islice
from typing import Annotated

import typer

from taxiway.cli import display, options
from taxiway.cli.connection import connect
from taxiway.cli.given import present
from taxiway.cli.naming import workflow_of
from taxiway.client.http import Json

LONGEST = 60


def command(
    workflow: Annotated[
        str | None, typer.Option(help="Only what was done to this workflow.")
    ] = None,
    action: Annotated[
        list[str] | None, typer.Option(help="Only this action, or `workflow.`; repeatable.")
    ] = None,
    who: Annotated[str | None, typer.Option(help="Only what this user has done.")] = None,
    csv: Annotated[bool, typer.Option("--csv", help="All lines that match, as CSV.")] = False,
    limit: options.Limit = 50,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Show the record: who did what to what, newest first."""
    with connect(server, home) as connection:
        found = workflow_of(connection.client, workflow) if workflow else None
        asked = present(workflow_id=found["id"] if found else None, action=action or None, who=who)
        if csv:
            typer.echo(connection.client.audit_csv(**asked), nl=False)
            return
        lines = list(islice(connection.client.audit(**asked), limit))
    if output is options.Form.json:
        display.data(lines)
        return
    display.table(
        ("time", "who", "action", "what", "changes"),
        [
            (
                display.moment(line["created_at"]),
                line["who"],
                line["action"],
                line["name"],
                _changes(line),
            )
            for line in lines
        ],
        empty="Nothing on record is like that.",
    )


def _changes(line: Json) -> str:
    """What differs, field by field; the whole of it is in the JSON."""
    before: Json = line["before"] or {}
    after: Json = line["after"] or {}
    before, after = before.get("changed", before), after.get("changed", after)
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return "; ".join(f"{name}: {_short(before, name)} → {_short(after, name)}" for name in names)


def _short(values: Json, name: str) -> str:
    text = str(values[name]) if values.get(name) not in (None, "") else "–"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
