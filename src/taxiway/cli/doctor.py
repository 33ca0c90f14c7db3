"""`taxiway doctor`: whether each part works, and what to do where one does not."""

from __future__ import annotations

from functools import partial

import typer

from taxiway.cli import display, options
from taxiway.cli.checks import host, network, service
from taxiway.cli.checks.finding import Check, Finding, run_checks
from taxiway.cli.checks.place import Place, look

FAILED = 7


def command(
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Check every part, and say what to do.

    Exit status 0: nothing has failed; 7: something has. It ends within seconds in any case.
    """
    place = look(server, home)
    with display.progress() as progress:
        progress.say("Looking at every part")
        findings = [place.settings, *run_checks(checks(place))]
    failed = any(finding.status == "fail" for finding in findings)
    if output is options.Form.json:
        display.data({"ok": not failed, "checks": [finding.as_dict() for finding in findings]})
    else:
        _show(findings)
    if failed:
        raise typer.Exit(FAILED)


def checks(place: Place) -> dict[str, Check]:
    """All checks by name, in the order in which they are shown."""
    return {
        "python": host.python,
        "extras": host.extras,
        "git": host.git,
        "ssh": host.ssh,
        "uv": host.uv,
        "home": partial(host.home, place),
        "disk": partial(host.disk, place),
        "cache": partial(host.cache, place),
        "task user": partial(host.identity, place),
        "ports": partial(host.listening, place),
        "stack": partial(service.stack, place),
        "server": partial(service.server, place),
        "database": partial(service.database, place),
        "airflow": partial(service.airflow, place),
        "storage": partial(service.storage, place),
        "index": partial(network.index_and_clock, place),
    }


def _show(findings: list[Finding]) -> None:
    rows = [
        (finding.check, finding.status, "\n→ ".join(filter(None, (finding.detail, finding.hint))))
        for finding in findings
    ]
    display.table(("check", "state", "what was seen"), rows)
    counts = {
        status: sum(finding.status == status for finding in findings)
        for status in ("ok", "warn", "fail")
    }
    display.note("\n" + ", ".join(f"{number} {status}" for status, number in counts.items()))
