"""The process above each part of the stack, from which nothing escapes.

    python -I -S warden.py LIFELINE GRACE -- PROGRAM ARGUMENT...

It starts the program, and ends with it: first the program (SIGTERM, after GRACE seconds SIGKILL),
then whatever descends from it, daemons with sessions of their own included, because orphans come
to the warden (PR_SET_CHILD_SUBREAPER). It ends on SIGTERM, when the program ends, and when the
descriptor LIFELINE reads end of file: when whoever started it is gone, by `kill -9` too.

Standard library only; runs as a script in an interpreter of its own.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
import time
from collections.abc import Iterable, Sequence

PR_SET_CHILD_SUBREAPER = 36
POLITE_SECONDS = 2.0  # for orphans, between SIGTERM and SIGKILL
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Warden:
    """One program and all that descends from it."""

    def __init__(self, lifeline: int, grace: float) -> None:
        self.lifeline = lifeline
        self.grace = grace
        self.program = 0
        self.status: int | None = None
        self.stopping = False
        self.wakeup, self._wakeup_writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)

    def run(self, argv: Sequence[str]) -> int:
        """Start `argv`, and return its exit status once nothing of it is left."""
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        signal.set_wakeup_fd(self._wakeup_writer, warn_on_full_buffer=False)
        for number in (*_STOP_SIGNALS, signal.SIGCHLD):
            signal.signal(number, self._on_signal)
        self.program = self._start(argv)
        while self.status is None and not self.stopping:
            self._wait(None)
        if self.status is None:
            _signal([self.program], signal.SIGTERM)
            self._wait_until(time.monotonic() + self.grace, for_all=False)
        self._end_the_rest()
        return self.status if self.status is not None else 128 + signal.SIGKILL

    def _on_signal(self, number: int, _frame: object) -> None:
        if number in _STOP_SIGNALS:
            self.stopping = True

    def _start(self, argv: Sequence[str]) -> int:
        # a signal between fork and exec would reach the warden's handler, and be lost
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
        pid = os.fork()
        if pid:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)
            return pid
        signal.set_wakeup_fd(-1)
        for number in (*_STOP_SIGNALS, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)
        os.close(self.lifeline)
        try:
            os.execvp(argv[0], list(argv))  # noqa: S606 - the program is the caller's, no shell
        except OSError as error:
            os.write(2, f"{argv[0]}: {error.strerror}\n".encode())
        os._exit(127)

    def _end_the_rest(self) -> None:
        if not self._reap():
            return
        _signal(descendants(os.getpid()), signal.SIGTERM)
        self._wait_until(time.monotonic() + min(self.grace, POLITE_SECONDS), for_all=True)
        while self._reap():
            _signal(descendants(os.getpid()), signal.SIGKILL)
            self._wait(0.02)

    def _wait_until(self, deadline: float, *, for_all: bool) -> None:
        """Wait for the program, or for all descendants, but not past `deadline`."""
        while self._reap() and (for_all or self.status is None):
            left = deadline - time.monotonic()
            if left <= 0:
                return
            self._wait(min(left, 0.1))

    def _wait(self, seconds: float | None) -> None:
        watched = [self.wakeup] if self.stopping else [self.wakeup, self.lifeline]
        ready, _, _ = select.select(watched, [], [], seconds)
        if self.wakeup in ready:
            os.read(self.wakeup, 4096)
        if self.lifeline in ready and not os.read(self.lifeline, 4096):
            self.stopping = True
        self._reap()

    def _reap(self) -> bool:
        """Take the exit status of what has ended; whether anything is left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self.program:
                code = os.waitstatus_to_exitcode(status)
                self.status = code if code >= 0 else 128 - code


def descendants(root: int) -> list[int]:
    """Every process below `root`, parents before children."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 - cheap, and no import of pathlib
        if name.isdigit() and (parent := _parent(int(name))):
            children.setdefault(parent, []).append(int(name))
    found: list[int] = []
    level = [root]
    while level:
        level = [child for pid in level for child in children.get(pid, [])]
        found += level
    return found


def _parent(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123
            return int(file.read().rpartition(b")")[2].split()[1])
    except OSError:
        return 0


def _signal(pids: Iterable[int], number: int) -> None:
    for pid in pids:
        try:  # noqa: SIM105 - contextlib costs start-up time
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def main(arguments: Sequence[str]) -> int:
    lifeline, grace, dashes, *argv = arguments
    assert dashes == "--", arguments
    return Warden(int(lifeline), float(grace)).run(argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
