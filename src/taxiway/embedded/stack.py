"""The record of a running stack: `<home>/run/stack.json`, and the lock that makes it one a home."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from taxiway.embedded import secret_files
from taxiway.embedded.remains import Identity
from taxiway.errors import Conflict


@dataclass(frozen=True)
class RunningStack:
    """Where a stack answers, and which processes it is."""

    home: Path
    supervisor: Identity
    token: str = field(repr=False)
    server_url: str
    airflow_url: str
    names: Sequence[str] = ()  # of all parts, those that do not run now too
    parts: Mapping[str, Identity] = field(default_factory=dict)

    @property
    def pid(self) -> int:
        """The supervisor's."""
        return self.supervisor.pid

    def with_parts(self, parts: Mapping[str, Identity]) -> RunningStack:
        return replace(self, parts=dict(parts))


def running(home: Path) -> RunningStack | None:
    """The stack of `home`, if its supervisor lives."""
    stack = recorded(home)
    return stack if stack is not None and stack.supervisor.alive else None


def recorded(home: Path) -> RunningStack | None:
    """The last stack of `home` that did not end in order, alive or not."""
    try:
        data = json.loads(_record(home).read_text())
        return RunningStack(
            home=home,
            supervisor=Identity(**data["supervisor"]),
            token=data["token"],
            server_url=data["server_url"],
            airflow_url=data["airflow_url"],
            names=tuple(data["names"]),
            parts={name: Identity(**part) for name, part in data["parts"].items()},
        )
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def write(stack: RunningStack) -> None:
    """Make `stack` the record of its home, readable by its owner only."""
    data = asdict(stack) | {"home": str(stack.home)}
    secret_files.write_private(_record(stack.home), json.dumps(data, indent=2) + "\n")


def forget(home: Path) -> None:
    """Nothing runs there any more."""
    _record(home).unlink(missing_ok=True)


@contextmanager
def exclusive(home: Path) -> Iterator[None]:
    """Be the one supervisor of `home`, or raise `Conflict` (`stack-running`)."""
    folder = home / "run"
    folder.mkdir(parents=True, exist_ok=True)
    fd = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with contextlib.ExitStack() as stack:
        stack.callback(os.close, fd)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _in_use(home) from None
        yield


def _in_use(home: Path) -> Conflict:
    stack = running(home)
    where = f" at {stack.server_url}, pid {stack.pid}" if stack else ", just starting or ending"
    return Conflict(
        "stack-running",
        f"A stack already runs on {home}{where}",
        hint="`taxiway status` shows it, `taxiway down` ends it; --home starts another one.",
        home=str(home),
        pid=stack.pid if stack else None,
    )


def _record(home: Path) -> Path:
    return home / "run" / "stack.json"
