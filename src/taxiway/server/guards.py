"""The door: what every request passes before a route sees it, and what every answer carries.

A name that resolves to this machine is not enough (DNS rebinding), a browser's tab of another
site may not post, and nothing larger than the limit is read.
"""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlsplit

import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from taxiway.errors import Denied, Invalid, TaxiwayError
from taxiway.server import problems
from taxiway.server.caller import begin_caller
from taxiway.server.json_body import parse_json
from taxiway.server.metrics.instruments import count_request
from taxiway.server.request_id import begin_request
from taxiway.server.settings import is_loopback

BODY_LIMIT = 1024 * 1024
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_ANSWER_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
}
_log = structlog.get_logger("taxiway.server")


class Door:
    """ASGI middleware; the outermost one of ours."""

    def __init__(self, app: ASGIApp, allowed_hosts: tuple[str, ...] = ()) -> None:
        self.app = app
        self.allowed_hosts = frozenset(host.lower() for host in allowed_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = begin_request(headers.get("x-request-id"))
        begin_caller(headers)
        answer = _Answer(send, request_id)
        started = time.monotonic()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                check_host(headers, self.allowed_hosts)
                check_origin(headers, scope)
                scope = normal_path(scope)
                await self.app(scope, await _body(scope, headers, receive), answer.send)
            except TaxiwayError as error:
                await answer.replace(scope, receive, problems.respond(error))
            except (OperationalError, PoolTimeout) as error:
                await answer.replace(scope, receive, problems.database_error(error))
            except Exception:
                _log.exception("internal-error", method=scope["method"], path=scope["path"])
                await answer.replace(scope, receive, problems.internal_error())
            seconds = time.monotonic() - started
            count_request(scope, answer.status, seconds)
            _log.info(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=answer.status,
                ms=round(seconds * 1000, 1),
            )


class _Answer:
    """The answer on its way out; errors after its beginning can only cut it off."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-ID"] = self._request_id
            for name, value in _ANSWER_HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)

    async def replace(self, scope: Scope, receive: Receive, response: ASGIApp) -> None:
        if self.status:
            raise ConnectionAbortedError("the answer had begun")
        await response(scope, receive, self.send)


def check_host(headers: Headers, allowed: frozenset[str]) -> None:
    """`Denied` (`host-not-allowed`) unless the Host header names this machine."""
    given = headers.getlist("host")
    name = host_name(given[0]) if len(given) == 1 else ""
    if not (is_loopback(name) or name in allowed):
        raise Denied(
            "host-not-allowed",
            f"This server does not answer to the name {name[:100]!r}",
            hint="Use localhost or 127.0.0.1, or list the name in TAXIWAY_ALLOWED_HOSTS.",
        )


def host_name(authority: str) -> str:
    """The name in `name:port`, in lower case, without its final dot; "" when it is malformed."""
    try:
        parts = urlsplit(f"//{authority}")
        _ = parts.port
    except ValueError:
        return ""
    plain = parts.netloc == authority and "@" not in authority
    return (parts.hostname or "").rstrip(".") if plain else ""


def check_origin(headers: Headers, scope: Scope) -> None:
    """`Denied` (`origin-not-allowed`) for what a page of another origin makes a browser send."""
    origin = headers.get("origin")
    own = f"{scope.get('scheme', 'http')}://{headers.get('host', '')}"
    if origin is not None and origin.lower() != own.lower():
        raise _other_origin(origin[:100])
    site = headers.get("sec-fetch-site", "none")
    harmless = scope["method"] in _SAFE_METHODS and headers.get("sec-fetch-mode") == "navigate"
    if site not in ("none", "same-origin") and not harmless and origin is None:
        raise _other_origin("another site")


def _other_origin(origin: str) -> Denied:
    return Denied(
        "origin-not-allowed",
        f"Requests of pages from {origin} are refused",
        hint="Open the pages of this server itself, or call it from a program.",
    )


def normal_path(scope: Scope) -> Scope:
    """The same path with and without its final slash; routes are declared without."""
    path: str = scope["path"]
    if "\x00" in path or b"%00" in scope.get("query_string", b""):
        raise Invalid("url-refused", "The URL holds a NUL character", hint="Remove %00.")
    if len(path) > 1 and path.endswith("/"):
        scope = {**scope, "path": path[:-1]}
        raw: bytes | None = scope.get("raw_path")
        if raw:
            scope["raw_path"] = raw.removesuffix(b"/")
    return scope


async def _body(scope: Scope, headers: Headers, receive: Receive) -> Receive:
    """Read the body, at most the limit, check that it is sound JSON, and hand it on."""
    if scope["method"] in _SAFE_METHODS:
        return receive
    body = await _read(headers, receive)
    if body:
        _require_json(headers)
        parse_json(body)
    return _replay(body, receive)


async def _read(headers: Headers, receive: Receive) -> bytes:
    announced = headers.get("content-length", "0")
    if announced.isdecimal() and int(announced[:20]) > BODY_LIMIT:
        raise _too_large()
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        body += message.get("body", b"")
        if len(body) > BODY_LIMIT:
            raise _too_large()
        more = message.get("more_body", False)
    return bytes(body)


def _require_json(headers: Headers) -> None:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not (
        kind.startswith("application/") and kind.endswith("+json")
    ):
        raise Invalid(
            "media-type-not-supported",
            f"The body is {kind or 'of no declared type'}; this server takes JSON",
            hint="Send the header Content-Type: application/json.",
        )


def _too_large() -> Invalid:
    return Invalid(
        "body-too-large",
        f"The body is larger than {BODY_LIMIT} bytes",
        hint="Keep data in files of the repository or in a task's own storage.",
        limit=BODY_LIMIT,
    )


def _replay(body: bytes, receive: Receive) -> Receive:
    messages: list[dict[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay
