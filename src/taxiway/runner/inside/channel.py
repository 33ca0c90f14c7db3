"""The private channel to the supervisor: whole messages, one question at a time.

What we say is JSON, for the supervisor trusts nobody here. What it answers is in Python's marshal
format, which needs no import.
"""

from __future__ import annotations

import marshal
import os
from _thread import allocate_lock, get_ident

from .refusal import Unanswered

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LIMIT = 96_000  # bytes of one message; a longer one is passed as a file


class Channel:
    """Safe to use from many threads. A forked child may log over it, but not ask.

    `fd` is a socket that keeps messages apart (SOCK_SEQPACKET).
    """

    def __init__(self, fd: int, outbox: str) -> None:
        os.set_inheritable(fd, False)
        self._fd = fd
        self._lock = allocate_lock()
        self._pid = os.getpid()
        self._outbox = outbox
        self._messages = 0

    def mark(self, what: str) -> None:
        """Tell what begins; without an import, for the user's first line waits for it."""
        os.write(self._fd, b'{"mark":"%s"}' % what.encode("ascii"))

    def send(self, message: dict[str, Any]) -> None:
        from .text import to_json  # noqa: PLC0415

        data = to_json(message).encode("ascii")
        if len(data) > LIMIT:
            self._messages += 1
            name = f"message.{os.getpid()}.{get_ident()}.{self._messages}"
            with open(f"{self._outbox}/{name}", "wb") as file:  # noqa: PTH123
                file.write(data)
            data = to_json({"message": name}).encode("ascii")
        os.write(self._fd, data)

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        if os.getpid() != self._pid:
            raise Unanswered(
                f"{question['ask']} is only possible in the task's own process: "
                "ask before you start others, and hand them the value"
            )
        with self._lock:
            self.send(question)
            answer = self._receive()
        if "error" in answer:
            raise Unanswered(f"{question['ask']}: {answer['error']}")
        return answer

    def _receive(self) -> dict[str, Any]:
        data = os.read(self._fd, LIMIT + 4096)
        if not data:
            raise Unanswered("the supervisor of this task is gone")
        answer: dict[str, Any] = marshal.loads(data)  # noqa: S302 - from the supervisor
        if "file" in answer:
            with open(answer["file"], "rb") as file:  # noqa: PTH123
                answer = marshal.loads(file.read())  # noqa: S302
        return answer
