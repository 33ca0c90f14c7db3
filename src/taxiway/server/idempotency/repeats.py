"""ASGI middleware behind the door: a request with an `Idempotency-Key` is carried out once.

Answers that say what was done, or that the request cannot work, are kept. After a 409 or a 5xx
nothing is kept: there the same request may be tried anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from typing import Any

import anyio
from anyio.to_thread import run_sync
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from taxiway.errors import Invalid
from taxiway.server.database import Database
from taxiway.server.idempotency.current import begin_key
from taxiway.server.idempotency.records import LEASE, Answer, renew, settle, take

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
OPERATIONS = ("deployWorkflow", "triggerRun", "retryRun")
_ROUTES = re.compile(r"/api/v1/(workflows/[^/]+/(deploy|runs)|runs/[^/]+/retry)")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_KEPT_HEADERS = ("content-type", "location", "etag")


class Repeats:
    """The database is looked up for each request: `app.state.database`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = _key(scope)
        begin_key(key)
        if key is None:
            await self.app(scope, receive, send)
            return
        database: Database = scope["app"].state.database
        body = await _body(receive)
        fingerprint = hashlib.sha256(f"{scope['path']}\n".encode() + body).hexdigest()
        answer = await run_sync(take, database, key, fingerprint)
        if answer is not None:
            headers = {**answer.headers, REPLAYED: "true"}
            await Response(answer.body, answer.status, headers)(scope, receive, send)
            return
        await self._carry_out(scope, _again(body, receive), send, database, key)

    async def _carry_out(
        self, scope: Scope, receive: Receive, send: Send, database: Database, key: str
    ) -> None:
        """The answer is on record before its first byte is sent."""
        taken = _Taken()
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(_keep_lease, database, key)
                await self.app(scope, receive, taken.send)
                group.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                await run_sync(settle, database, key, taken.answer())
        for message in taken.messages:
            await send(message)


class _Taken:
    """An answer that is held back until it is whole."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def send(self, message: Message) -> None:
        self.messages.append(message)

    def answer(self) -> Answer | None:
        """What is to be kept."""
        if not self.messages:
            return None
        status = self.messages[0]["status"]
        if status >= 500 or status in (409, 429):
            return None
        headers = Headers(raw=self.messages[0]["headers"])
        body = b"".join(message.get("body", b"") for message in self.messages[1:])
        kept = {name: headers[name] for name in _KEPT_HEADERS if name in headers}
        return Answer(status, kept, body.decode())


def _key(scope: Scope) -> str | None:
    """The key, where the route takes one."""
    if scope["type"] != "http" or scope["method"] != "POST":
        return None
    key = Headers(scope=scope).get(HEADER)
    if key is None or not _ROUTES.fullmatch(scope["path"]):
        return None
    if not _KEY.fullmatch(key):
        raise Invalid(
            "idempotency-key-refused",
            f"The {HEADER} is not 1 to 255 printable ASCII characters without blanks",
            hint="Use a new UUID for each new request.",
        )
    return key


async def _keep_lease(database: Database, key: str) -> None:
    while True:
        await anyio.sleep(LEASE.total_seconds() / 4)
        with contextlib.suppress(SQLAlchemyError):  # the next one may get through
            await run_sync(renew, database, key)


async def _body(receive: Receive) -> bytes:
    message: dict[str, Any] = dict(await receive())  # the door hands it on in one piece
    found: bytes = message.get("body", b"")
    return found


def _again(body: bytes, receive: Receive) -> Receive:
    first = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return first.pop() if first else await receive()

    return again
