"""What the server answers: JSON, or a problem as an error of the one tree."""

from __future__ import annotations

from typing import Any

import httpx

from taxiway.errors import (
    Conflict,
    Denied,
    Invalid,
    NotFound,
    Problem,
    TaxiwayError,
    Unavailable,
)

Json = dict[str, Any]

_KINDS: dict[int, type[TaxiwayError]] = {
    401: Denied,
    403: Denied,
    404: NotFound,
    409: Conflict,
    412: Conflict,
    500: TaxiwayError,  # a bug of the server, and it says so
}
_STANDARD = {"type", "title", "status", "detail", "code", "hint", "errors", "message", "problems"}


def is_lost(error: TaxiwayError, *, repeated: bool) -> bool:
    """Whether the request may have been carried out, and its answer is still to be had. A server
    that was never reached is not waited for."""
    if isinstance(error.__cause__, httpx.ConnectError | httpx.ConnectTimeout):
        return repeated
    if error.code == "request-in-progress":
        return repeated
    return isinstance(error.__cause__, httpx.TransportError)


def decoded(response: httpx.Response) -> Json:
    try:
        return dict(response.json()) if response.content else {}
    except (ValueError, TypeError):
        raise nonsense(response) from None


def error_of(response: httpx.Response) -> TaxiwayError:
    try:
        body = dict(response.json())
        problems = [
            Problem(
                item.get("code", ""),
                item["message"],
                item.get("pointer") or item.get("field", ""),
                item.get("hint", ""),
            )
            for item in body.get("errors", [])
        ]
        code, message, hint = str(body["code"]), str(body["detail"]), str(body.get("hint") or "")
    except (ValueError, KeyError, TypeError, AttributeError):
        return nonsense(response)
    default = Invalid if response.status_code < 500 else Unavailable
    kind = _KINDS.get(response.status_code, default)
    context = {name: value for name, value in body.items() if name not in _STANDARD}
    return kind(code, message, hint=hint, problems=problems, **context)


def nonsense(response: httpx.Response) -> Unavailable:
    return Unavailable(
        "server-nonsense",
        f"{response.request.url} answered {response.status_code}, and not as Taxiway does",
        hint="Does the address belong to a Taxiway server?",
    )
