"""Checks of what runs: the stack, the server with its parts, the database, Airflow, the storage."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

import taxiway
from taxiway.cli.checks.finding import Finding
from taxiway.cli.checks.place import Place, existing
from taxiway.embedded import airflow_config, secret_files
from taxiway.embedded.condition import condition_of
from taxiway.storage.store import Storage

TIMEOUT = 8.0
MIGRATIONS = Path(taxiway.__file__).parent / "server" / "database" / "migrations" / "versions"
NO_SERVER = "No server to ask"


def stack(place: Place) -> Sequence[Finding]:
    if place.named and place.stack is None:
        return (Finding("stack", "skip", f"A server was named: {place.named}"),)
    found = condition_of(place.home)
    if not found.running and found.remains:
        detail = f"{found.remains} processes of a killed stack are left"
        return (Finding("stack", "warn", detail, "`taxiway down` ends them."),)
    if not found.running:
        detail = f"No stack runs in {place.home}"
        return (Finding("stack", "warn", detail, "`taxiway up` starts one."),)
    if not found.ready:
        detail = f"Not ready: {', '.join(found.missing)}"
        hint = f"Wait a minute after a start; else look into {place.config.logs}."
        return (Finding("stack", "fail", detail, hint),)
    return (Finding("stack", "ok", f"{len(found.parts)} parts run and are ready"),)


def server(place: Place) -> Sequence[Finding]:
    """It lives, it is of this version, and each of its parts works."""
    url = place.server_url
    if url is None:
        return (Finding("server", "skip", NO_SERVER),)
    try:
        with _client(url) as client:
            client.get("/health/live").raise_for_status()
            version = dict(client.get("/version").raise_for_status().json())
            parts = dict(client.get("/health/ready").json()["parts"])
    except httpx.HTTPError as error:
        hint = "Start it with `taxiway up`; its log says why it ended."
        return (Finding("server", "fail", f"{url} does not answer: {error}", hint),)
    except (ValueError, KeyError, TypeError):
        hint = "Does the address belong to a Taxiway server?"
        return (Finding("server", "fail", f"{url} does not answer as Taxiway does", hint),)
    return (_version(url, version), *(_part(name, part) for name, part in parts.items()))


def _version(url: str, version: dict[str, Any]) -> Finding:
    theirs = version.get("version")
    if theirs != taxiway.__version__:
        detail = f"{url} is version {theirs}, this command is {taxiway.__version__}"
        return Finding("server", "warn", detail, "Start it again, or use the command beside it.")
    return Finding("server", "ok", f"{url}, version {theirs}")


def _part(name: str, part: dict[str, Any]) -> Finding:
    label, detail = f"server: {name.replace('_', ' ')}", str(part.get("detail", ""))
    if part.get("ok"):
        return Finding(label, "ok", detail)
    hint = "`taxiway status` shows what runs; the logs of that part say more."
    return Finding(label, "fail", detail or "It does not work", hint)


def database(place: Place) -> Sequence[Finding]:
    """The schema of the home's own database; the server itself tells of any other one."""
    url = place.environ.get("TAXIWAY_DATABASE_URL") or f"sqlite:///{place.home}/taxiway.db"
    if not url.startswith("sqlite:///"):
        return (Finding("database", "skip", "PostgreSQL: the running server tells its schema"),)
    path = Path(url.removeprefix("sqlite:///"))
    if not path.exists():
        return (Finding("database", "ok", f"{path} will be made"),)
    revision = _revision(path)
    known = {file.name.partition("_")[0] for file in MIGRATIONS.glob("*_*.py")}
    if revision is not None and known and revision not in known:
        detail = f"{path} has schema {revision}, which this version does not know"
        hint = "Start the newer Taxiway that wrote it, or name another home."
        return (Finding("database", "fail", detail, hint),)
    if revision is None:
        return (Finding("database", "warn", f"{path} has no schema of ours yet", ""),)
    return (Finding("database", "ok", f"{path}, schema {revision}"),)


def _revision(path: Path) -> str | None:
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as opened:
        try:
            row = opened.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return None
            raise
    return str(row[0]) if row else None


def airflow(place: Place) -> Sequence[Finding]:
    """The stack's Airflow answers, and lets us in."""
    if place.stack is None:
        return (Finding("airflow", "skip", "No stack of this home runs"),)
    url = place.stack.airflow_url
    password = secret_files.password_of(place.config.passwords, airflow_config.USERNAME)
    body = {"username": airflow_config.USERNAME, "password": password.reveal()}
    try:
        with _client(url) as client:
            answer = client.post("/auth/token", json=body)
    except httpx.HTTPError as error:
        hint = f"Look into {place.config.logs / 'airflow-api-server.log'}."
        return (Finding("airflow", "fail", f"{url} does not answer: {error}", hint),)
    if not answer.is_success:
        hint = f"Is {place.config.passwords} the file that Airflow reads?"
        detail = f"{url} refuses the login: {answer.status_code}"
        return (Finding("airflow", "fail", detail, hint),)
    return (Finding("airflow", "ok", f"{url}, logged in as {airflow_config.USERNAME}"),)


def storage(place: Place) -> Sequence[Finding]:
    """A folder can be written; a bucket can be asked."""
    if not place.storage.startswith("file://"):
        Storage(place.storage).exists("bundles/.health")
        return (Finding("storage", "ok", f"{place.storage.partition('://')[0]}, it answers"),)
    folder = Path(place.storage.removeprefix("file://"))
    if not folder.exists():
        writable = os.access(existing(folder), os.W_OK)
        hint = "" if writable else f"Give {existing(folder)} to this user."
        detail = f"{folder} {'will' if writable else 'cannot'} be made"
        return (Finding("storage", "ok" if writable else "fail", detail, hint),)
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-"):
            pass
    except OSError as error:
        hint = f"Give {folder} to the user of server and workers."
        return (Finding("storage", "fail", f"{folder} cannot be written: {error}", hint),)
    return (Finding("storage", "ok", f"{folder}, written"),)


def _client(url: str) -> httpx.Client:
    loopback = httpx.URL(url).host in ("127.0.0.1", "localhost", "::1")
    return httpx.Client(base_url=url, timeout=TIMEOUT, trust_env=not loopback)
