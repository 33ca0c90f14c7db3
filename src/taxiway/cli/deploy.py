"""`taxiway deploy`: make a release, and say how far it is."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from taxiway import errors
from taxiway.cli import display, options
from taxiway.cli.connection import connect
from taxiway.cli.given import present
from taxiway.cli.naming import workflow_of
from taxiway.cli.releases import point, tell
from taxiway.client.http import Json, TaxiwayClient
from taxiway.errors import Problem, TaxiwayError, Unavailable

STEPS = {
    "preparing": "resolving the commit, locking the packages, sealing",
    "publishing": "waiting until Airflow shows it",
}
INTERVAL = 0.2


def command(
    workflow: options.Workflow,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait until Airflow can run it.")
    ] = True,
    message: options.Message = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Resume it first, where a rollback holds it.")
    ] = False,
    ref: Annotated[
        str | None, typer.Option(help="Take this branch, tag or commit, this once.")
    ] = None,
    allow_unreachable: Annotated[
        bool,
        typer.Option("--allow-unreachable", help="Take a commit that the branch does not contain."),
    ] = False,
    upgrade: Annotated[
        bool, typer.Option("--upgrade", help="Take the newest packages that are allowed.")
    ] = False,
    timeout: Annotated[float, typer.Option(min=0, help="Seconds to wait at most.")] = 600,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Seal a workflow at one commit into a release that runs can execute."""
    body = present(
        message=message,
        resume=resume or None,
        ref=ref,
        allow_unreachable=allow_unreachable or None,
    )
    with connect(server, home) as connection:
        found = workflow_of(connection.client, workflow)
        began = time.monotonic()
        release = connection.client.deploy(found["id"], wait=0, upgrade=upgrade, **body)
        if wait:
            release = _follow(connection.client, release, timeout)
        if output is options.Form.json:
            display.data(release)
        else:
            tell(release)
            display.note("")
        if release["state"] == "ready":
            display.note(f"Ready after {time.monotonic() - began:.1f} s")
        point(connection, release)


def _follow(client: TaxiwayClient, release: Json, timeout: float) -> Json:
    """The release when it is ready; raises what it failed with."""
    number, deadline = release["number"], time.monotonic() + timeout
    with display.progress() as progress:
        while release["state"] in STEPS:
            if time.monotonic() > deadline:
                raise Unavailable(
                    "deploy-not-ended",
                    f"Release {number} is not ready within {timeout:g} s: {release['state']}",
                    hint=f"It goes on; `taxiway releases show {release['dag_id']} {number}`.",
                )
            progress.say(f"Release {number}: {STEPS[release['state']]}")
            time.sleep(INTERVAL)
            release = client.release(release["workflow_id"], number)
    if release["state"] == "failed":
        raise _error_of(release)
    return release


def _error_of(release: Json) -> TaxiwayError:
    """Why the deploy failed, as the one error it is."""
    raw = release["error"] or {}
    kind = getattr(errors, str(raw.get("kind")), TaxiwayError)
    return kind(
        raw.get("code", "deploy-failed"),
        f"Release {release['number']} failed: {raw.get('message', 'the deploy failed')}",
        hint=raw.get("hint", ""),
        problems=[Problem(**problem) for problem in raw.get("problems", [])],
    )
