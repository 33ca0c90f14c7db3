"""`taxiway releases`: what deploys made."""

from __future__ import annotations

from itertools import islice
from typing import Annotated

import typer

from taxiway.cli import display, given, options
from taxiway.cli.comparison import tell_comparison
from taxiway.cli.connection import Connection, connect
from taxiway.cli.naming import workflow_of
from taxiway.client.http import Json
from taxiway.errors import Conflict

HELP = "Look at the releases of a workflow."

Number = Annotated[int | None, typer.Argument(help="The release's number; the current one.")]


def list_(
    workflow: options.Workflow,
    limit: options.Limit = 50,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """List the releases of a workflow, newest first."""
    with connect(server, home) as connection:
        found = workflow_of(connection.client, workflow)
        releases = list(islice(connection.client.releases(found["id"]), limit))
    if output is options.Form.json:
        display.data(releases)
        return
    display.table(
        ("release", "state", "current", "commit", "begun (UTC)", "message"),
        [
            (
                release["number"],
                release["state"],
                "yes" if release["is_current"] else "",
                (release["commit"] or "")[:12],
                display.moment(release["created_at"]),
                release["message"] or _first_line(release["commit_message"]),
            )
            for release in releases
        ],
        empty=f"There is none yet: `taxiway deploy {workflow}` makes one.",
    )


def compare(
    workflow: options.Workflow,
    base: Annotated[
        int | None, typer.Argument(help="The release to compare with; the one before.")
    ] = None,
    head: Annotated[
        int | None, typer.Argument(help="The release that is looked at; the current one.")
    ] = None,
    files: Annotated[
        bool, typer.Option("--files", help="Show the differences of the files, too.")
    ] = False,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Say what one release does otherwise than another."""
    with connect(server, home) as connection:
        known = workflow_of(connection.client, workflow)
        numbers = given.present(base=base, head=head)
        found = connection.client.compare(known["id"], **numbers)
        if output is options.Form.json:
            display.data(found)
        else:
            tell_comparison(found, files=files)


def show(
    workflow: options.Workflow,
    number: Number = None,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Show one release."""
    with connect(server, home) as connection:
        release = _release(connection, workflow, number)
        if output is options.Form.json:
            display.data(release)
        else:
            tell(release)
        point(connection, release)


def dag(
    workflow: options.Workflow,
    number: Number = None,
    server: options.Server = None,
    home: options.Home = None,
) -> None:
    """Print the DAG file that was generated for a release."""
    with connect(server, home) as connection:
        release = _release(connection, workflow, number)
        text = connection.client.release_dag(release["workflow_id"], release["number"])
        typer.echo(text, nl=False)


def tell(release: Json) -> None:
    """What a person wants to know of a release."""
    error = release["error"] or {}
    display.fields(
        [
            *(("release", release["number"]), ("state", release["state"])),
            *(("repository", release["git_repository"]), ("branch", release["git_branch"])),
            *(("commit", release["commit"]), ("tree", release["tree"])),
            ("author", release["commit_author"]),
            ("commit message", _first_line(release["commit_message"])),
            ("committed", display.moment(release["committed_at"])),
            ("changed", _summary(release["changes"])),
            *(("digest", release["digest"]), ("lock", release["lock"])),
            *(("DAG id", release["dag_id"]), ("generation", release["generation"])),
            *(("message", release["message"]), ("deployed by", release["deployed_by"])),
            *(("waits for", release["waits_for"]), ("hold", release["held"])),
            ("removed", display.moment(release["removed_at"])),
            ("asked for", display.moment(release["created_at"])),
            ("ready", display.moment(release["ready_at"])),
            ("error", error.get("message")),
            *(("note", note) for note in release["notes"]),
        ]
    )


def _first_line(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0]


def _summary(changes: Json | None) -> str:
    """`tasks 2, params 1, packages 3, files 12`."""
    if changes is None:
        return ""
    packages, files = changes["packages"], changes["files"] or {}
    counts = {
        **{name: len(changes[name]) for name in ("tasks", "params", "schedule", "other")},
        "packages": sum(len(names) for names in packages.values()),
        "files": sum(files.values()),
    }
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count) or "nothing"


def point(connection: Connection, release: Json) -> None:
    path = f"/workflows/{release['workflow_id']}/releases/{release['number']}"
    connection.point(path, f"/dags/{release['dag_id']}" if release["ready_at"] else "")


def _release(connection: Connection, workflow: str, number: int | None) -> Json:
    found = workflow_of(connection.client, workflow)
    wanted = number or found["current_release"]
    if wanted is None:
        raise Conflict(
            "workflow-not-deployed",
            f"{found['name']} has not been deployed, so it has no release",
            hint=f"`taxiway deploy {found['dag_id']}` makes one.",
        )
    return connection.client.release(found["id"], wanted)


VERBS = {"list": list_, "show": show, "compare": compare, "dag": dag}
