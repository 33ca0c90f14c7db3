"""A task's way to the warm process of its environment. Whatever is wrong with it, the task starts
in an interpreter of its own, and is none the worse."""

from __future__ import annotations

import contextlib
import logging
import marshal
import os
import resource
import socket
import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taxiway.process import Popen, spawn
from taxiway.runner.identity import Identity, Ways, find_user
from taxiway.runner.launch import ENTRYPOINT, INSIDE, MARSHAL, Ends, Launched, open_ends, write
from taxiway.runner.warm import seen
from taxiway.runner.warm.place import Place, is_forkable, loading_environ, place_of, stamp
from taxiway.storage.cache import Cache

_RUNNER = ENTRYPOINT.parent
_SERVER = _RUNNER / "warm" / "server.py"
_OURS = (ENTRYPOINT, INSIDE, _RUNNER / "keeper.py", _RUNNER / "warm")
_ANSWER = 3.0  # seconds; a fork takes milliseconds
_ATTEMPTS = 20  # packages that turn out not to survive a fork, one after the other
_START = (
    "import sys; package = type(sys)('taxiway_runner'); package.__path__ = [sys.argv[1]]; "
    "sys.modules['taxiway_runner'] = package; from taxiway_runner.warm.broker import main; "
    "main(int(sys.argv[2]))"
)
_LIMITS = {getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")}
_LIMITS -= {resource.RLIMIT_CORE}  # no task has one
_log = logging.getLogger("taxiway")


@dataclass(frozen=True)
class Order:
    """What a task is started with. `private` names variables that hold secrets, `shown` is what
    others of its environment need not see: its snapshot and its workspace."""

    env: dict[str, str]
    private: Collection[str]
    import_path: list[str]
    cwd: Path
    identity: Identity
    remove: tuple[Path, ...]
    own: Collection[Path]


class Forked:
    """In the place of a keeper that is our own child: the end of its status tells when it ended."""

    def wait(self) -> int:
        return 0


class WarmProcess:
    """The warm process of one environment, as one task meets it."""

    def __init__(self, cache: Cache, environment: Path, python: Path, idle: float) -> None:
        self._cache = cache
        self._environment = environment
        self._python = python
        self._idle = idle
        self._order: Order | None = None
        self._started: list[Popen[bytes]] = []
        self.forked = False

    def fork(self, payload: dict[str, Any], order: Order) -> Launched | None:
        """A task that was forked; None where it has to be spawned. Where there is no process that
        could fork it, one is started for the next task."""
        if not is_forkable(order.env, order.identity, order.private):
            return None
        self._order = order
        try:
            return self._fork(payload, order)
        except OSError as error:
            _log.info("The warm process cannot be used: %s", error)
            return None

    def learn(self, modules: Collection[object] | None) -> None:
        """What the task was seen to import, if it came to tell. A process that has it, too, is
        started."""
        if self._order is None or modules is None:
            return
        with contextlib.suppress(OSError):
            if not seen.add(self._cache, self._environment.name, modules):
                return
            modules_now = self._modules()
            if connection := self._place(self._order, modules_now).connect():
                connection.close()
            else:
                self._start(self._order, modules_now)

    def close(self) -> None:
        """What was started has let go of us at once."""
        for process in self._started:
            process.wait()

    def _modules(self) -> list[str]:
        return seen.read(self._cache, self._environment.name) or []

    def _place(self, order: Order, modules: list[str]) -> Place:
        return place_of(
            self._cache.root,
            self._environment,
            self._python,
            modules,
            order.identity,
            loading_environ(order.env, order.private),
        )

    def _fork(self, payload: dict[str, Any], order: Order) -> Launched | None:
        modules = seen.read(self._cache, self._environment.name)
        if modules is None:
            return None
        connection = self._place(order, modules).connect()
        if connection is None:
            self._start(order, modules)
            return None
        with contextlib.ExitStack() as stack:
            stack.enter_context(connection)
            ends = open_ends()
            stack.callback(ends.close_ours)
            with contextlib.closing(ends):
                write(ends.payload, payload)
                if not _hand_over(connection, ends, order):
                    return None
            stack.pop_all()
        self.forked = True
        lifeline = connection.detach()
        os.set_blocking(lifeline, False)
        return Launched(Forked(), lifeline, ends.stdout, ends.stderr, ends.status, ends.channel)

    def _start(self, order: Order, modules: list[str]) -> None:
        place = self._place(order, modules)
        lock = place.claim()
        if lock is None:
            return
        orders = os.memfd_create("orders", os.MFD_CLOEXEC)
        try:
            write(orders, self._orders(place, order, modules))
            argv = [sys.executable, "-I", "-S", "-c", _START, str(_RUNNER), str(orders)]
            process = spawn(argv, env={"LANG": "C.UTF-8"}, pass_fds=[orders, lock])
            self._started.append(process)
        finally:
            os.close(orders)
            os.close(lock)

    def _orders(self, place: Place, order: Order, modules: list[str]) -> dict[str, Any]:
        identity = order.identity.as_orders()
        own = {str(path) for path in order.own}
        shared = [pair for pair in identity["shown"] if pair[0] not in own]
        shared += [[path, False] for path in _hidden(order.identity, shared)]
        return {
            "folder": str(place.folder),
            "name": place.name,
            "idle": self._idle,
            "environment": stamp(self._environment),
            "plan": {"modules": modules, "attempts": _ATTEMPTS},
            "server": {
                "argv": [str(self._python), "-I", "-u", "-B", str(_SERVER)],
                "env": loading_environ(order.env, order.private),
                "cwd": "/",
                "identity": {**identity, "shown": shared, "owned": []},
            },
        }


def _hidden(identity: Identity, shown: list[Any]) -> list[str]:
    """Files of ours that a closed folder would hide from the server."""
    if identity.uid is None:
        return []
    covered = [Path(folder) for folder in identity.covered]
    there = [Path(path) for path, _ in shown]
    ways = Ways(find_user(str(identity.uid)))
    return [
        str(path)
        for path in _OURS
        if any(path.is_relative_to(folder) for folder in covered)
        and not any(path.is_relative_to(one) for one in there)
        and ways.may_enter(path)
    ]


def _hand_over(connection: socket.socket, ends: Ends, order: Order) -> bool:
    """Whether the task is forked: it begins when both sides have said so."""
    orders = os.memfd_create("orders", os.MFD_CLOEXEC)
    try:
        write(orders, _orders_of(order))
        own = {str(path) for path in order.own}
        shown = [list(pair) for pair in order.identity.shown if pair[0] in own]
        needs = {"shown": shown, "remove": [str(folder) for folder in order.remove]}
        message = marshal.dumps(needs, MARSHAL)
        connection.settimeout(_ANSWER)
        socket.send_fds(connection, [message], [*ends.theirs, ends.status_w, orders])
        answer = connection.recv(4096)
    finally:
        os.close(orders)
    if answer != b"ok":
        _log.info("The task is not forked: %s", answer.decode("ascii", "replace") or "no answer")
        return False
    connection.send(b"g")
    return True


def _orders_of(order: Order) -> dict[str, Any]:
    return {
        "env": order.env,
        "cwd": str(order.cwd),
        "import_path": order.import_path,
        "limits": {kind: resource.getrlimit(kind) for kind in _LIMITS},
        "processors": tuple(os.sched_getaffinity(0)),
    }
