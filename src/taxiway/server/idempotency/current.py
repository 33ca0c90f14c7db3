"""The key of the request at hand, for those who make something for it."""

from __future__ import annotations

from contextvars import ContextVar

_current: ContextVar[str | None] = ContextVar("taxiway_idempotency_key", default=None)


def begin_key(key: str | None) -> None:
    _current.set(key)


def current_key() -> str | None:
    """What a release or a run is recorded under, so that a request whose server was killed finds
    what it had made when it is repeated."""
    return _current.get()
