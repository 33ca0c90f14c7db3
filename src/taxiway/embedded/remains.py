"""What a killed supervisor left behind, found exactly, and its end.

A process is ours when it is a recorded one (process id, start time and boot are all equal, so a
recycled id never counts), descends from one, is of its session, or carries the stack's token in
its environment.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from taxiway.embedded.warden import descendants
from taxiway.errors import Unavailable

TOKEN = "TAXIWAY_STACK"  # noqa: S105 - the name of a variable; the value marks processes
_PROC = Path("/proc")
_KILL_SECONDS = 10.0


@dataclass(frozen=True)
class Identity:
    """One process, told apart from a later one with the same id."""

    pid: int
    started: int  # clock ticks since the boot
    boot: str

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        """The identity of a process that lives; `None` for a zombie too."""
        fields = _stat(pid)
        if fields is None or fields[0] in ("Z", "X"):
            return None
        return cls(pid, int(fields[19]), _boot())

    @property
    def alive(self) -> bool:
        return Identity.of(self.pid) == self


def find(roots: Iterable[Identity], token: str) -> set[int]:
    """The ids of all processes that live and belong to the stack of `roots` and `token`."""
    found: set[int] = set()
    sessions: set[int] = set()
    for root in roots:
        if root.alive:
            found |= {root.pid, *descendants(root.pid)}
        # the kernel gives an id to nobody else while a session has it: no leader, still ours
        if root.boot == _boot() and (root.alive or not (_PROC / str(root.pid)).exists()):
            sessions.add(root.pid)
    marker = f"{TOKEN}={token}".encode()
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and _is_ours(int(entry.name), sessions, marker):
            found.add(int(entry.name))
    return {pid for pid in found - {os.getpid()} if Identity.of(pid) is not None}


def _is_ours(pid: int, sessions: set[int], marker: bytes) -> bool:
    fields = _stat(pid)
    if fields is None:
        return False
    if int(fields[3]) in sessions:
        return True
    try:
        return marker in (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return False


def end(roots: Iterable[Identity], token: str, *, grace: float) -> int:
    """End every process of the stack and return how many there were.

    Those of `roots` get SIGTERM, and while one of them lives, `grace` seconds to end theirs;
    then SIGKILL for all.
    """
    known = tuple(roots)
    seen = find(known, token)
    for root in known:
        if root.alive:
            _kill(root.pid, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while any(root.alive for root in known) and time.monotonic() < deadline:
        seen |= find(known, token)
        time.sleep(0.05)
    deadline = time.monotonic() + _KILL_SECONDS
    while left := find(known, token):
        if time.monotonic() > deadline:
            raise Unavailable(
                "process-unkillable",
                f"These processes do not end: {', '.join(map(str, sorted(left)))}",
                hint="They wait for a disk or belong to another user; end them, then try again.",
            )
        seen |= left
        for pid in left:
            _kill(pid, signal.SIGKILL)
        time.sleep(0.05)
    return len(seen)


def _kill(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/<pid>/stat from the state on."""
    try:
        return (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None


def _boot() -> str:
    return (_PROC / "sys/kernel/random/boot_id").read_text().strip()
