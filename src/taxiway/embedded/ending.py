"""The end of a stack, asked for from another process."""

from __future__ import annotations

import os
import select
import signal
from dataclasses import dataclass
from pathlib import Path

from taxiway.embedded import remains, stack
from taxiway.embedded.remains import Identity
from taxiway.errors import Unavailable

WAIT_SECONDS = 45.0


@dataclass(frozen=True)
class Ended:
    """The supervisor that was ended, and how many processes a killed one had left."""

    supervisor: int | None = None
    remains: int = 0


def end_stack(home: Path) -> Ended:
    """End what runs in `home`; returns when nothing of it is left."""
    recorded = stack.recorded(home)
    if recorded is None:
        if (home / "run").exists():
            with stack.exclusive(home):  # else one is just starting: that is no "nothing runs"
                pass
        return Ended()
    alive = recorded.supervisor.alive
    if alive:
        _end_supervisor(recorded.supervisor)
    with stack.exclusive(home):
        left = remains.end(recorded.parts.values(), recorded.token, grace=10)
        stack.forget(home)
    return Ended(recorded.pid if alive else None, left)


def _end_supervisor(supervisor: Identity) -> None:
    try:
        handle = os.pidfd_open(supervisor.pid)
    except ProcessLookupError:
        return
    try:
        if not supervisor.alive:  # the handle may be of a later process with the same id
            return
        signal.pidfd_send_signal(handle, signal.SIGTERM)
        if not select.select([handle], [], [], WAIT_SECONDS)[0]:
            raise Unavailable(
                "stack-not-ending",
                f"The supervisor, pid {supervisor.pid}, did not end within {WAIT_SECONDS:g} s",
                hint=f"`kill -9 {supervisor.pid}`, then `taxiway down` once more.",
            )
    finally:
        os.close(handle)
