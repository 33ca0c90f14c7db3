"""The private channel to the supervisor: whole messages, one question at a time."""

from __future__ import annotations

import json
import os
import socket
import threading
from typing import Any

from .failure import Unanswered

LIMIT = 96_000  # bytes of one message; a longer one is passed as a file


class Channel:
    """Safe to use from many threads. A forked child may log over it, but not ask."""

    def __init__(self, fd: int, outbox: str) -> None:
        self._socket = socket.socket(fileno=fd)
        self._socket.set_inheritable(False)
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._outbox = outbox
        self._messages = 0

    def send(self, message: dict[str, Any]) -> None:
        data = json.dumps(message).encode("ascii")
        if len(data) > LIMIT:
            self._messages += 1
            name = f"message.{os.getpid()}.{threading.get_ident()}.{self._messages}"
            path = os.path.join(self._outbox, name)  # noqa: PTH118
            with open(path, "wb") as file:  # noqa: PTH123
                file.write(data)
            data = json.dumps({"message": name}).encode("ascii")
        self._socket.sendall(data)

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
        data = self._socket.recv(LIMIT + 4096)
        if not data:
            raise Unanswered("the supervisor of this task is gone")
        answer: dict[str, Any] = json.loads(data)
        if "file" in answer:
            with open(answer["file"], "rb") as file:  # noqa: PTH123
                answer = json.loads(file.read())
        return answer
