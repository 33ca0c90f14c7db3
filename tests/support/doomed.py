"""Servers that are killed: a process that has imported everything forks one for each attempt.

A line of JSON on stdin is an attempt at the `place`, [home, cache, folder of repositories]:
`{"step": "bundles"}` dies right after that step, `{"seconds": 0.2}` after that time, and
`{"servers": 2}` are so many that live. The answer is a line with the signal that ended each one,
0 for one that did all there was to do.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from published import PublishedOrchestrator

from taxiway.server import machinery as machineries
from taxiway.server.database import Database, ReleaseRow
from taxiway.server.publishing.publications import unconfirmed
from taxiway.server.releases import current, prepare
from taxiway.server.settings import load_settings
from taxiway.server.vault.start import open_vault
from taxiway.storage.store import Storage

FUNCTIONS = ("take_commit", "settle_all", "warm")
STEPS = (  # in their order; a folder of the storage stands for what is written to it
    *("take_commit", "settle_all", "layers", "snapshots", "releases", "warm", "dags"),
    *("sealed", "shards", "bundles", "seen"),
)
PATIENCE = 60.0


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def fatal(holder: Any, name: str) -> None:
    """Die when `holder.name` has returned."""
    real: Callable[..., Any] = getattr(holder, name)

    def wrapped(*arguments: Any, **rest: Any) -> Any:
        found = real(*arguments, **rest)
        die()
        return found

    setattr(holder, name, wrapped)


def doom(step: str) -> None:
    if step in FUNCTIONS:
        fatal(prepare, step)
    elif step == "sealed":
        fatal(current.CurrentReleases, "_try_publish")
    elif step == "seen":
        fatal(PublishedOrchestrator, "look")
    else:
        put = Storage.put

        def wrapped(self: Storage, key: str, data: Any) -> bool:
            done = put(self, key, data)
            if key.startswith(f"{step}/"):
                die()
            return done

        Storage.put = wrapped  # type: ignore[method-assign]


def serve(order: dict[str, Any]) -> None:
    """Take up what is left, until there is nothing."""
    if "step" in order:
        doom(order["step"])
    home, cache, origins = order["place"]
    settings = load_settings(
        home=home, cache=cache, git_allow_local=origins, push_interval=0, cleanup_hours=0
    )
    database = Database(settings.database_url)
    vault = open_vault(database, settings.secret_keys, may_make=True)
    storage = Storage(settings.storage_url)
    machinery = machineries.assemble(settings, database, vault, PublishedOrchestrator(storage))
    if "seconds" in order:
        threading.Timer(order["seconds"], die).start()
    machinery.deployer.start()
    machinery.reconciler.start()
    until = time.monotonic() + PATIENCE
    while open_work(database):
        if time.monotonic() > until:
            os._exit(9)
        time.sleep(0.005)


def open_work(database: Database) -> bool:
    with database.reading() as session:
        states = ("preparing", "publishing")
        left = session.query(ReleaseRow.id).where(ReleaseRow.state.in_(states)).limit(1).all()
        return bool(left or unconfirmed(session))


def attempt(order: dict[str, Any]) -> list[int]:
    children = []
    for _ in range(order.get("servers", 1)):
        child = os.fork()
        if child == 0:
            try:
                serve(order)
            finally:
                os._exit(int(sys.exc_info()[0] is not None))
        children.append(child)
    ended = [os.waitpid(child, 0)[1] for child in children]
    return [os.WTERMSIG(one) if os.WIFSIGNALED(one) else -os.WEXITSTATUS(one) for one in ended]


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the servers log is no answer
    for line in sys.stdin:
        print(json.dumps(attempt(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
