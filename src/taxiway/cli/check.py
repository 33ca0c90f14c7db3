"""`taxiway check`: what a deploy would be refused for, of a workflow or of a folder."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated, Any

import typer

from taxiway.cli import display, given, options
from taxiway.cli.connection import connect
from taxiway.cli.naming import workflow_of
from taxiway.client.http import Json
from taxiway.errors import Invalid

REFUSED = 2  # as every input that cannot work


def command(
    workflow: Annotated[
        str | None, typer.Argument(help="Its id, its DAG id or its name; not with --file.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            "-f",
            help="JSON with fields of a workflow and its `tasks`; - is stdin. No server is asked.",
        ),
    ] = None,
    folder: Annotated[
        Path, typer.Option(help="The files that --file is checked against.")
    ] = Path(),
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Say all that would stop a deploy, without deploying; the exit status is 2 where there is."""
    if (workflow is None) == (file is None):
        raise Invalid(
            "option-refused",
            "Name a workflow of the server, or give one by --file",
            hint="`taxiway check my-workflow`, or `taxiway check --file workflow.json`.",
        )
    if file is not None:
        found = _local().check_folder(given.json_object(file), folder)
    else:
        with connect(server, home) as connection:
            known = workflow_of(connection.client, str(workflow))
            found = connection.client.check(known["id"])
    if output is options.Form.json:
        display.data(found)
    else:
        _tell(found)
    if not found["ok"]:
        raise typer.Exit(REFUSED)


def _local() -> Any:
    """Needs what reads functions and schedules, which the base install lacks."""
    try:
        return importlib.import_module("taxiway.cli.checks.folder")
    except ImportError as error:
        raise Invalid(
            "extra-missing",
            f"Folders are checked by packages that are not installed: {error.name}",
            hint='Install "taxiway[server]", or check a workflow of a server.',
        ) from None


def _tell(found: Json) -> None:
    problems = found["problems"]
    display.table(
        ("severity", "where", "what", "remedy"),
        [(p["severity"], _where(p), f"{p['message']} ({p['code']})", p["hint"]) for p in problems],
    )
    if problems:
        display.note("")
    errors = sum(problem["severity"] == "error" for problem in problems)
    commit = f" at {found['commit'][:12]}" if found["commit"] else ""
    said = f"{errors} errors, {len(problems) - errors} warnings"
    display.note(f"The check passes{commit}: {said}" if found["ok"] else f"Refused{commit}: {said}")


def _where(problem: Json) -> str:
    place = problem["file"] or problem["pointer"]
    if problem["line"]:
        place = f"{problem['file'] or problem['task'] or ''}:{problem['line']}"
    return str(place or problem["task"] or "")
