"""Trying again where a fault may pass: later each time, not all at once, and not for ever."""

from __future__ import annotations

import random
from collections.abc import Callable
from time import sleep
from typing import Any, TypeVar

from taxiway.errors import Unavailable

T = TypeVar("T")
ATTEMPTS = 3
LONGEST = 60.0  # seconds that a host may ask to wait; whoever asks for more is told to the user


class Wait(Unavailable):
    """A fault that may pass. `after`: the seconds that the other side asks to wait."""

    def __init__(self, code: str, message: str, *, after: float | None = None, **rest: Any) -> None:
        super().__init__(code, message, **rest)
        self.after = after


def pause(attempt: int, after: float | None = None) -> bool:
    """Wait before the next attempt; False when it would be too long, or one too many."""
    if attempt >= ATTEMPTS or (after or 0) > LONGEST:
        return False
    spread = random.uniform(0.1, 0.4) * 2 ** (attempt - 1)  # noqa: S311
    sleep((after or 0) + spread)
    return True


def insisting(act: Callable[[], T]) -> T:
    """`act()`, again after each `Wait`."""
    attempt = 1
    while True:
        try:
            return act()
        except Wait as error:
            if not pause(attempt, error.after):
                raise Unavailable(error.code, error.message, hint=error.hint) from None
        attempt += 1
