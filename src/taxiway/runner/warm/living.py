"""The warm processes of a host, for people who look at it."""

from __future__ import annotations

import marshal
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from taxiway.runner.warm.broker import MESSAGE, TELL
from taxiway.runner.warm.place import FOLDER, Place

_ANSWER = 2.0  # seconds; it answers at once, unless it was stopped


@dataclass(frozen=True)
class Living:
    """One warm process as it is now. `pid` is of the one that has the packages imported; `idle`
    are the seconds since its last task ended, `forked` the tasks that it began."""

    environment: str
    pid: int
    is_ready: bool
    age: float
    idle: float
    running: int
    forked: int
    bytes: int


def living(cache: Path) -> list[Living]:
    """Those of this user, the oldest first."""
    return sorted(_all(cache / FOLDER), key=lambda one: -one.age)


def _all(folder: Path) -> Iterator[Living]:
    for path in folder.glob("*"):
        if path.is_socket() and (found := _ask(Place(folder, path.name))):
            yield found


def _ask(place: Place) -> Living | None:
    """None of one that is ending, or that another version made."""
    connection = place.connect()
    if connection is None:
        return None
    with connection:
        try:
            connection.settimeout(_ANSWER)
            connection.send(TELL)
            told = marshal.loads(connection.recv(MESSAGE))  # noqa: S302 - from this very user
        except (OSError, EOFError, ValueError, TypeError):
            return None
    return Living(
        environment=Path(told["environment"]).name,
        pid=told["server"],
        is_ready=told["ready"],
        age=told["age"],
        idle=told["idle"],
        running=told["running"],
        forked=told["forked"],
        bytes=_memory(told["server"]),
    )


def _memory(pid: int) -> int:
    """What it has in memory, what it shares with its tasks too."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return 0
