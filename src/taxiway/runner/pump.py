"""One thread moves all that a task says: its output, its records, its questions, its result."""

from __future__ import annotations

import contextlib
import json
import logging
import marshal
import os
import re
import selectors
import socket
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from taxiway.errors import Invalid, TaxiwayError
from taxiway.runner.host import Host
from taxiway.runner.inside.channel import LIMIT
from taxiway.runner.launch import MARSHAL
from taxiway.runner.output import LineSplitter, harmless
from taxiway.runner.records import note_of
from taxiway.runner.values import ValueExchange

_CHUNK = 65_536
_MESSAGE_FILE = re.compile(r"message\.[0-9]+\.[0-9]+\.[0-9]+")
_MESSAGE_FILE_LIMIT = 64 << 20
_MARKS = ("import", "function")


@dataclass
class Report:
    """What the task and its keeper said of the end."""

    message: dict[str, Any] | None = None  # the result, the failure or the exit
    ended: int | None = None  # the exit status, negative: the signal
    kept: bool = False  # the keeper said that nothing is left
    error: str | None = None  # why the interpreter could not be started
    raised: TaxiwayError | None = None  # by the host or the storage, at the last question
    broken: BaseException | None = None  # in the pump itself
    marks: dict[str, float] = field(default_factory=dict)  # what began when, by our own clock
    inputs: dict[str, dict[str, Any]] = field(default_factory=dict)  # by parameter, as recorded
    modules: list[Any] | None = None  # of packages, as it says that it has imported them


class Pump(threading.Thread):
    """Owns the four descriptors from `start()` on; `done` is set when all of them have ended."""

    def __init__(
        self,
        *,
        stdout: int,
        stderr: int,
        status: int,
        channel: socket.socket,
        host: Host,
        values: ValueExchange,
        mapped: Collection[str] = (),
    ) -> None:
        super().__init__(name="taxiway-pump", daemon=True)
        self.report = Report()
        self.done = threading.Event()
        self._host = host
        self._values = values
        self._mapped = mapped  # tasks before this one that have a value for each of many elements
        self._channel = channel
        self._status = status
        self._streams = {stdout: ("stdout", LineSplitter()), stderr: ("stderr", LineSplitter())}
        self._said = b""
        self._stopped = False

    def stop(self) -> None:
        """Do not wait for descriptors that something still holds open."""
        self._stopped = True

    def run(self) -> None:
        try:
            with selectors.DefaultSelector() as selector:
                for fd in (*self._streams, self._status, self._channel.fileno()):
                    selector.register(fd, selectors.EVENT_READ)
                self._move(selector)
        except BaseException as error:
            self.report.broken = error
        finally:
            for fd in (*self._streams, self._status):
                os.close(fd)
            self._channel.close()
            self.done.set()

    def _move(self, selector: selectors.BaseSelector) -> None:
        channel = self._channel.fileno()
        while selector.get_map() and not self._stopped:
            for key, _ in selector.select(timeout=1):
                fd = key.fd
                if fd == channel:
                    alive = self._read_message()
                elif fd == self._status:
                    alive = self._read_status()
                else:
                    alive = self._read_output(fd)
                if not alive:
                    selector.unregister(fd)

    def _read_output(self, fd: int) -> bool:
        stream, splitter = self._streams[fd]
        data = os.read(fd, _CHUNK)
        lines = splitter.feed(data, time.monotonic()) if data else splitter.finish()
        for line in lines:
            self._host.log(line, stream=stream, level=logging.INFO)
        return bool(data)

    def _read_status(self) -> bool:
        data = os.read(self._status, _CHUNK)
        *whole, self._said = (self._said + data).split(b"\n")
        for line in whole:
            what, _, text = line.decode("ascii", "replace").partition(" ")
            if what == "ended":
                self.report.kept = True
                self.report.ended = int(text) if text else None
            elif what == "warning":
                self._warn(text)
            else:
                self.report.error = text
        return bool(data)

    def _warn(self, why: str) -> None:
        self._host.log(
            f"User code runs as the worker's own user, without capabilities: {why}",
            stream="taxiway",
            level=logging.WARNING,
        )

    def _read_message(self) -> bool:
        try:
            data = self._channel.recv(LIMIT + 4096)
        except ConnectionResetError:
            return False
        if not data:
            return False
        try:
            message = self._parse(data)
        except (ValueError, TypeError, OSError, RecursionError):
            return True  # user code wrote to our descriptor; there is nobody to answer
        if "log" in message:
            self._log(message)
        elif "ask" in message:
            self._answer(message)
        elif "mark" in message:
            self._mark(str(message["mark"]))
        elif "modules" in message:
            told = message["modules"]
            self.report.modules = told if isinstance(told, list) else None
        else:
            self.report.message = message
            self.report.marks.setdefault("end", time.monotonic())
        return True

    def _parse(self, data: bytes) -> dict[str, Any]:
        message = json.loads(data)
        if "message" in message:
            name = str(message["message"])
            if not _MESSAGE_FILE.fullmatch(name):
                raise ValueError(name)
            message = json.loads(self._values.take(name, limit=_MESSAGE_FILE_LIMIT))
        if not isinstance(message, dict):
            raise TypeError("no object")
        return message

    def _mark(self, name: str) -> None:
        if name in _MARKS:
            self.report.marks.setdefault(name, time.monotonic())

    def _log(self, message: dict[str, Any]) -> None:
        splitter = LineSplitter()
        data = str(message["log"]).encode("utf-8", "backslashreplace")
        level = message.get("level")
        stream = harmless(str(message.get("logger"))[:200])
        for line in [*splitter.feed(data, 0), *splitter.finish()]:
            self._host.log(
                line, stream=stream, level=level if isinstance(level, int) else logging.INFO
            )

    def _answer(self, question: dict[str, Any]) -> None:
        try:
            data = marshal.dumps(self._find_answer(question), MARSHAL)
            self.report.raised = None
        except Exception as error:
            self.report.raised = error if isinstance(error, TaxiwayError) else None
            data = marshal.dumps({"error": f"{type(error).__name__}: {error}"[:4000]}, MARSHAL)
        if len(data) > LIMIT:
            path = self._values.hand_over(data)
            data = marshal.dumps({"file": str(path)}, MARSHAL)
        with contextlib.suppress(OSError):  # it may be gone by now
            self._channel.sendall(data)

    def _find_answer(self, question: dict[str, Any]) -> dict[str, Any]:
        if question["ask"] == "value":
            shown = question.get("shown") is True
            return {"path": str(self._values.fetch(str(question["digest"]), shown=shown))}
        if question["ask"] == "name":
            digest, size = self._values.name(str(question["file"]))
            return {"digest": digest, "size": size}
        if question["ask"] == "input":
            return self._find_input(question)
        if question["ask"] not in ("xcom_pull", "xcom_push", "variable", "connection"):
            raise Invalid("no-such-question", f"There is no question {question['ask']!r}")
        self._values.store(question.pop("files", []))
        answer = self._host.answer(question)
        if question["ask"] == "xcom_pull" and question.get("key") == "return_value":
            task = str(question.get("task_ids"))
            self._note(f"xcom_pull({task})", task, "", answer.get("value"))
        return answer

    def _find_input(self, question: dict[str, Any]) -> dict[str, Any]:
        """The value of the task before; of a mapped one all of them, in order."""
        task, name = str(question["task"]), str(question["param"])
        wanted = [task] if task in self._mapped else task
        answer = self._host.answer({"ask": "xcom_pull", "task_ids": wanted, "key": "return_value"})
        self._note(name, task, str(question.get("path", "")), answer.get("value"))
        return answer

    def _note(self, name: str, task: str, path: str, value: Any) -> None:
        self.report.inputs[name] = note_of(task, path, value)
