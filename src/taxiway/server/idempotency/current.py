"""The key of the request at hand, for those who make something for it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_current: ContextVar[str | None] = ContextVar("taxiway_idempotency_key", default=None)


@contextmanager
def part_of_request(part: str) -> Iterator[None]:
    """What is made in the block is one of several things that the request makes."""
    key = _current.get()
    digest = hashlib.sha256(f"{key}\n{part}".encode()).hexdigest()
    token = _current.set(f"part:{digest}" if key else None)
    try:
        yield
    finally:
        _current.reset(token)


def begin_key(key: str | None) -> None:
    _current.set(key)


def current_key() -> str | None:
    """What a release or a run is recorded under, so that a request whose server was killed finds
    what it had made when it is repeated."""
    return _current.get()
