"""Looks at what is followed live: one at a time of each thing, however many follow it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from taxiway.errors import Unavailable

THREADS = 4  # that look at the same time; a stream itself holds none
STREAMS = 200
FRESH_SECONDS = 0.5
LONGEST_SECONDS = 10.0
COST = 5  # a look that takes long is repeated less often: at most a fifth of the time

T = TypeVar("T")


@dataclass
class _Look:
    task: asyncio.Task[Any]
    begun: float
    took: float = 0.0

    @property
    def is_fresh(self) -> bool:
        return not self.task.done() or time.monotonic() - self.begun < self.pause

    @property
    def pause(self) -> float:
        return min(LONGEST_SECONDS, max(FRESH_SECONDS, COST * self.took))


class Polls:
    """One per application."""

    def __init__(self) -> None:
        self._looks: WeakKeyDictionary[Any, dict[Hashable, _Look]] = WeakKeyDictionary()
        self._limiters: WeakKeyDictionary[Any, CapacityLimiter] = WeakKeyDictionary()
        self._streams = 0

    def require_room(self) -> None:
        """`Unavailable` (`too-many-streams`) when no more can be followed."""
        if self._streams >= STREAMS:
            raise Unavailable(
                "too-many-streams",
                f"{STREAMS} streams are open, and that is the limit",
                hint="Close some, or read the same without a stream.",
                limit=STREAMS,
            )

    @contextmanager
    def stream(self) -> Iterator[None]:
        """Counts one stream while it is open."""
        self._streams += 1
        try:
            yield
        finally:
            self._streams -= 1

    async def look(self, key: Hashable, read: Callable[[], T]) -> T:
        """What `read` returned lately, or returns now in a thread; equal keys read equal things."""
        loop = asyncio.get_running_loop()
        looks = self._looks.setdefault(loop, {})
        found = looks.get(key)
        if found is None or not found.is_fresh:
            self._forget_stale(looks)
            found = looks[key] = self._begin(loop, read)
        result: T = await asyncio.shield(found.task)
        return result

    def _begin(self, loop: asyncio.AbstractEventLoop, read: Callable[[], Any]) -> _Look:
        limiter = self._limiters.setdefault(loop, CapacityLimiter(THREADS))
        waiting = run_sync(read, limiter=limiter, abandon_on_cancel=True)
        look = _Look(loop.create_task(waiting), time.monotonic())
        look.task.add_done_callback(partial(_finish, look))
        return look

    def _forget_stale(self, looks: dict[Hashable, _Look]) -> None:
        for key in [key for key, look in looks.items() if not look.is_fresh]:
            del looks[key]


def _finish(look: _Look, task: asyncio.Task[Any]) -> None:
    look.took = time.monotonic() - look.begun
    if not task.cancelled():
        task.exception()  # who waits for it hears it; nobody has to
