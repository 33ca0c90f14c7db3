"""The id of the request at hand: in every answer, and in every line of the log."""

from __future__ import annotations

import re
import uuid
from contextvars import ContextVar

_SAFE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_current: ContextVar[str] = ContextVar("taxiway_request_id", default="")


def begin_request(given: str | None) -> str:
    """Take the caller's id where it is harmless, else a new one."""
    request_id = given if given and _SAFE.fullmatch(given) else uuid.uuid4().hex
    _current.set(request_id)
    return request_id


def current_request_id() -> str:
    return _current.get()
