"""One part of the stack: started under its warden, started again with back-off when it dies."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from taxiway import process
from taxiway.embedded import warden
from taxiway.embedded.remains import Identity

LOG_LIMIT = 10 * 1024 * 1024
TAIL_LINES = 10
FIRST_DELAY, LONGEST_DELAY = 0.5, 30.0
SOUND_AFTER = 60.0  # a part that lived so long starts again at once
_TAIL_BYTES = 16 * 1024


@dataclass(frozen=True)
class PartSpec:
    """A program of the stack. One with `once` runs to its end before those that name it `after`.

    With the exit status `refusal` it says that it cannot work as it was told: that its settings
    are wrong, and starting it again is useless.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    after: str | None = None
    once: bool = False
    grace: float = 5.0
    refusal: int | None = None
    what: str = ""  # what it does, for those who wait


class Part:
    """A `PartSpec` in this process's care. Not safe between threads: one watches."""

    def __init__(self, spec: PartSpec, log: Path) -> None:
        self.spec = spec
        self.log = log
        self.failures = 0
        self.done = False  # for `once`
        self._process: process.Popen[bytes] | None = None
        self._lifeline: int | None = None
        self._started = 0.0
        self._start_at = 0.0
        self._log_start = 0

    @property
    def identity(self) -> Identity | None:
        """The warden's, while it lives."""
        return Identity.of(self._process.pid) if self._process else None

    @property
    def runs(self) -> bool:
        return self._process is not None

    @property
    def due(self) -> bool:
        """Whether it ought to be started now."""
        return not self.runs and not self.done and time.monotonic() >= self._start_at

    def start(self) -> None:
        self._rotate()
        read_end, self._lifeline = os.pipe2(os.O_CLOEXEC)
        own = (str(Path(warden.__file__).resolve()), str(read_end), str(self.spec.grace), "--")
        try:
            with self.log.open("ab") as log:
                self._log_start = log.tell()
                self._process = process.spawn(
                    [sys.executable, "-I", "-S", *own, *self.spec.argv],
                    env=self.spec.env,
                    stdout=log,
                    stderr=process.STDOUT,
                    pass_fds=(read_end,),
                )
        finally:
            os.close(read_end)
        self._started = time.monotonic()

    def check(self) -> int | None:
        """The exit status, once, when it has ended since; the next start is then planned."""
        if self._process is None or (status := self._process.poll()) is None:
            return None
        self._release()
        if self.spec.once and status == 0:
            self.done = True
            return status
        if time.monotonic() - self._started > SOUND_AFTER:
            self.failures = 0
        delay = min(LONGEST_DELAY, FIRST_DELAY * 2**self.failures)
        self.failures += 1
        self._start_at = time.monotonic() + delay
        return status

    @property
    def delay(self) -> float:
        """Seconds to the next start."""
        return max(0.0, self._start_at - time.monotonic())

    def tell_to_end(self) -> None:
        """Ask the warden to end the part and all that descends from it; do not wait."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def wait(self, seconds: float) -> None:
        """Wait until nothing is left; past `seconds` the warden is killed."""
        if self._process is None:
            return
        try:
            self._process.wait(seconds)
        except process.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._release()

    def tail(self, lines: int = TAIL_LINES) -> list[str]:
        """The last lines of its log since it was started."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(self._log_start, self.log.stat().st_size - _TAIL_BYTES))
                return file.read().decode("utf-8", "replace").splitlines()[-lines:]
        except FileNotFoundError:
            return []

    def _release(self) -> None:
        self._process = None
        if self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None

    def _rotate(self) -> None:
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.rename(self.log.with_suffix(".log.1"))
