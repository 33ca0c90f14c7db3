"""SIGTERM as the interrupt that Ctrl-C is, and a time when both have been heard."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """What to do with further signals."""

    def ignore(self) -> None:
        """From now on nothing interrupts: what is being ended is ended in order."""
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)


@contextmanager
def sigterm_interrupts() -> Iterator[Interrupts]:
    """Within the block SIGTERM and SIGHUP raise `KeyboardInterrupt`, as SIGINT does."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in _SIGNALS}
    try:
        yield Interrupts()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
