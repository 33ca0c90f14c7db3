"""Checks of this machine."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from taxiway import process
from taxiway.cli.checks.finding import Finding
from taxiway.cli.checks.place import Place, existing
from taxiway.embedded import ports
from taxiway.embedded.config import AIRFLOW_PORT, SERVER_PORT
from taxiway.environment import tool
from taxiway.errors import Unavailable
from taxiway.git import call as git_call
from taxiway.git import selftest
from taxiway.runner.identity import choose_identity, pwd_name
from taxiway.storage.audit import verify_all
from taxiway.storage.cache import Cache

SECONDS = 3.0
OLDEST, BEYOND = (3, 11), (3, 14)
GIB = 1024**3
LITTLE, LOW = 1 * GIB, 5 * GIB
EXTRAS = (("fastapi", "server"), ("apache-airflow", "airflow"))


def python() -> Sequence[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    if not OLDEST <= sys.version_info[:2] < BEYOND:
        return (
            Finding(
                "python", "fail", f"{version} is not supported", "Install Python 3.11 to 3.13."
            ),
        )
    return (Finding("python", "ok", f"{version} at {sys.executable}"),)


def extras() -> Sequence[Finding]:
    """What `taxiway up` needs beyond a worker's distribution."""
    found, missing = [], []
    for name, extra in EXTRAS:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            missing.append(extra)
    if missing:
        hint = f'`taxiway up` needs it: pip install "taxiway[{",".join(missing)}]".'
        return (Finding("extras", "warn", f"Not installed: {', '.join(missing)}", hint),)
    return (Finding("extras", "ok", ", ".join(found)),)


def git() -> Sequence[Finding]:
    """Its behaviour, not its version: distributions mend faults without a new number."""
    version = git_call.run(["--version"], timeout=10).stdout.decode().strip()
    try:
        selftest.prove()
    except Unavailable as error:
        return (Finding("git", "fail", f"{version}: {error.message}", error.hint),)
    detail = f"{version}, {git_call.executable()}; {selftest.BEHAVIOURS} behaviours proven"
    return (Finding("git", "ok", detail),)


def ssh() -> Sequence[Finding]:
    """Only repositories over ssh need it."""
    program = shutil.which("ssh")
    if program is None:
        hint = "Repositories over ssh need OpenSSH's client: apt install openssh-client."
        return (Finding("ssh", "warn", "The program ssh was not found", hint),)
    done = process.run([program, "-V"], env={}, timeout=10)
    return (Finding("ssh", "ok", f"{done.complaint}, {program}"),)


def uv() -> Sequence[Finding]:
    done = process.run([tool.uv_binary(), "--version"], env={}, timeout=10)
    if done.returncode:
        hint = "Install Taxiway again: uv comes with it."
        return (Finding("uv", "fail", f"uv does not run: {done.complaint}", hint),)
    return (Finding("uv", "ok", done.stdout.decode().strip()),)


def home(place: Place) -> Sequence[Finding]:
    folder = existing(place.home)
    if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        hint = f"Give {folder} to this user, or name another home with --home."
        return (Finding("home", "fail", f"{place.home} cannot be written", hint),)
    if folder != place.home:
        return (Finding("home", "ok", f"{place.home} will be made"),)
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        hint = f"Others could change what runs: chmod 700 {folder}."
        return (Finding("home", "fail", f"{folder} has mode {mode:04o}", hint),)
    return (Finding("home", "ok", f"{folder}, mode {mode:04o}"),)


def disk(place: Place) -> Sequence[Finding]:
    """Room where the home and the cache are."""
    folders = {existing(path).stat().st_dev: existing(path) for path in (place.cache, place.home)}
    findings = []
    for folder in folders.values():
        free = shutil.disk_usage(folder).free
        detail = f"{free / GIB:.1f} GiB free at {folder}"
        hint = "Free some space, or put TAXIWAY_CACHE on another disk."
        if free < LOW:
            findings.append(Finding("disk", "fail" if free < LITTLE else "warn", detail, hint))
        else:
            findings.append(Finding("disk", "ok", detail))
    return findings


def cache(place: Place) -> Sequence[Finding]:
    """Whether files and packages are what was written, as far as some seconds go."""
    report = verify_all(Cache(place.cache), seconds=SECONDS, set_aside=False)
    left = f"; {report.left} not looked at, `taxiway cache verify` does" if report.left else ""
    if report.damaged:
        first = report.damaged[0]
        detail = f"{first.kind}/{first.key[:12]}: {'; '.join(first.differences)}"
        more = f", and {len(report.damaged) - 1} more" if report.damaged[1:] else ""
        hint = "`taxiway cache verify` sets it aside; it is made anew when it is needed."
        return (Finding("cache", "fail", f"{detail}{more}", hint),)
    return (Finding("cache", "ok", f"{report.looked_at} entries are what was written{left}"),)


def listening(place: Place) -> Sequence[Finding]:
    """Ports are free, or ours."""
    if place.stack is not None:
        urls = f"{place.stack.server_url}, {place.stack.airflow_url}"
        return (Finding("ports", "ok", f"Taken by our stack: {urls}"),)
    asked = (
        (place.config.port, SERVER_PORT, "--port"),
        (place.config.airflow_port, AIRFLOW_PORT, "--airflow-port"),
    )
    findings = [_port(port, usual, option) for port, usual, option in asked]
    bad = [finding for finding in findings if finding.status != "ok"]
    return bad or (Finding("ports", "ok", ", ".join(finding.detail for finding in findings)),)


def _port(asked: int | None, usual: int, option: str) -> Finding:
    port = usual if asked is None else asked
    if ports.is_free(port):
        return Finding("ports", "ok", f"{port} is free" if port else "any free one")
    detail = f"Port {port} is taken by another program"
    if asked is None:
        hint = f"`taxiway up` takes the next free one; {option} names another."
        return Finding("ports", "warn", detail, hint)
    return Finding("ports", "fail", detail, f"End that program, or name another with {option}.")


def identity(place: Place) -> Sequence[Finding]:
    """Who user code is: another user than a worker that is root, where this machine lets it."""
    if os.geteuid() != 0:
        name = pwd_name(os.geteuid())
        return (Finding("task user", "ok", f"Tasks run as {name}, like the worker"),)
    wanted = place.environ.get("TAXIWAY_RUN_AS_USER") or "nobody"
    needed = [Path(sys.base_prefix), *(path for path in (place.cache,) if path.exists())]
    found = choose_identity(wanted, needed=needed, written=(), owned=())
    if found.bare:
        closed = " or ".join(map(str, needed))
        hint = f"Open it to {wanted} (chmod o+rX), or run the worker as a user of its own."
        detail = f"{wanted} cannot read {closed}: tasks are root without capabilities"
        return (Finding("task user", "warn", detail, hint),)
    if found.uid is None:
        hint = "Unset TAXIWAY_RUN_AS_USER: tasks then run as nobody."
        return (Finding("task user", "warn", "Tasks run as root, as it was asked for", hint),)
    how = f", which sees {', '.join(found.covered)} covered" if found.covered else ""
    return (Finding("task user", "ok", f"Tasks run as {found.name}{how}"),)
