"""Who makes the request at hand, as far as the client says: there are no accounts."""

from __future__ import annotations

import re
from contextvars import ContextVar

from starlette.datastructures import Headers

ACTOR_HEADER = "X-Taxiway-Actor"
_UNSAFE = re.compile(r"[^\w .@+/-]+")
_current: ContextVar[str] = ContextVar("taxiway_caller", default="")


def begin_caller(headers: Headers) -> None:
    """`X-Taxiway-Actor`, else the first word of the `User-Agent`."""
    agent = headers.get("user-agent", "").partition(" ")[0]
    name = headers.get(ACTOR_HEADER) or agent
    _current.set(_UNSAFE.sub("", name).strip()[:100])


def current_caller() -> str | None:
    return _current.get() or None
