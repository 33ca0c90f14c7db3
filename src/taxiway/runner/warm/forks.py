"""One process for each task, forked from one that has everything imported. Standard library only.

    server ── keeper ── task

The server forks a keeper when the broker hands it a task's descriptors; the keeper forks the task
when its supervisor says so, over a connection that is the task's own: `k` there, or its end, kills
all of it. What is here runs in the environment's own Python, as the task's user.
"""

from __future__ import annotations

import gc
import marshal
import os
import resource
import select
import socket
import sys

from ..keeper import (
    ORPHANED,
    PR_SET_CHILD_SUBREAPER,
    PR_SET_PDEATHSIG,
    STATUS_FD,
    arrange_descriptors,
    keep,
    leave_the_rest,
    prctl,
    say,
    watch_signals,
)
from .preload import Loaded, Unfit, preload

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Collection, Iterator
    from typing import Any
else:
    import _signal as signal

PR_SET_DUMPABLE = 4
LINE, PLAN = 3, 4
_MESSAGE = 4096
_DESCRIPTORS = 7  # the connection, stdout, stderr, the channel, the payload, status, the orders
_FLAGS = 4  # the interpreter, -I, -u and -B; then comes the script
_HANDLED = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Server:
    """What is loaded, and the tasks that were forked."""

    def __init__(self, entrypoint: str, loaded: Loaded, bare: Collection[str]) -> None:
        self._loaded = loaded
        self._entrypoint = entrypoint
        # A file of a repository that has one of these names would not be found any more.
        self._names = {name.partition(".")[0] for name in sys.modules} - set(bare)
        with open(entrypoint, "rb") as file:  # noqa: PTH123
            self._code = compile(file.read(), entrypoint, "exec", dont_inherit=True)
        self._handlers = {number: signal.getsignal(number) for number in _HANDLED}
        self._keepers: dict[int, int] = {}
        self._line = socket.socket(fileno=LINE)

    def run(self) -> Callable[[], None]:
        """Only a forked task returns from here, with what is left to do."""
        wakeup = watch_signals()
        poll = select.poll()
        poll.register(self._line.fileno(), select.POLLIN)
        poll.register(wakeup, select.POLLIN)
        self._line.send(b"ready")
        while True:
            for fd, _ in poll.poll():
                if fd == wakeup:
                    if any(number != signal.SIGCHLD for number in os.read(wakeup, 512)):
                        os._exit(0)
                    self._reap()
                elif orders := self._take():
                    return self._task(orders)

    def _reap(self) -> None:
        try:
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                orphaned = os.waitstatus_to_exitcode(ended[1]) == ORPHANED
                self._line.send(b"end %d %d" % (self._keepers.pop(ended[0], 0), orphaned))
        except ChildProcessError:
            pass

    def _take(self) -> dict[str, Any] | None:
        """In the server and its keepers nothing comes back; in the task its orders."""
        data, fds, _, _ = socket.recv_fds(self._line, _MESSAGE, _DESCRIPTORS)
        if not data:
            os._exit(0)  # the broker is gone
        number, (connection, *ends, ordered) = int(data), fds
        orders = _read(ordered)
        if reason := self._refusal(orders):
            os.write(connection, b"no " + reason.encode())
            self._line.send(b"end %d 0" % number)
        elif pid := os.fork():
            self._keepers[pid] = number
            self._line.send(b"began %d %d" % (number, pid))
        else:
            _become_keeper(connection, ends)
            return orders
        for fd in (connection, *ends):
            os.close(fd)
        return None

    def _refusal(self, orders: dict[str, Any]) -> str:
        """Why a task that is forked from here would not be what a new interpreter makes of it."""
        env, given = orders["env"], self._loaded.given
        for name in self._loaded.read:
            if env.get(name) != given.get(name):
                return f"{name} was another one when packages were imported"
        for folder in orders["import_path"]:
            try:
                own = set(_modules(os.listdir(folder)))  # noqa: PTH208
            except OSError as error:
                return f"{folder} cannot be read: {error.strerror}"
            if hidden := own & self._names:
                return f"the repository has its own {min(hidden)}"
        for kind, (_, hard) in orders["limits"].items():
            ours = resource.getrlimit(kind)[1]
            if ours != resource.RLIM_INFINITY and not 0 <= hard <= ours:
                return "its limits are higher"
        return ""

    def _task(self, orders: dict[str, Any]) -> Callable[[], None]:
        """In the task: all that a new interpreter would find around it."""
        self._line.detach()  # its number is the task's own channel now
        try:
            signal.set_wakeup_fd(-1)
            for number, handler in self._handlers.items():
                signal.signal(number, handler)
            os.chdir(orders["cwd"])
            for kind, pair in orders["limits"].items():
                resource.setrlimit(kind, pair)
            os.sched_setaffinity(0, orders["processors"])
            os.environ.clear()
            os.environ.update({**self._loaded.written, **orders["env"]})
            sys.argv = [self._entrypoint]
            sys.orig_argv = [*sys.orig_argv[:_FLAGS], self._entrypoint]
            _start_anew(orders["cwd"])
            main = type(sys)("__main__")
            main.__file__ = self._entrypoint
            sys.modules["__main__"] = main
            for name in [name for name in sys.modules if name.startswith("taxiway_runner")]:
                del sys.modules[name]
            os.close(STATUS_FD)
        except BaseException as error:
            say(STATUS_FD, "error", f"{type(error).__name__}: {error}")
            os._exit(127)
        code = self._code
        return lambda: exec(code, main.__dict__)  # noqa: S102 - our own entry point


def serve(*, bare: Collection[str], entrypoint: str, excluded: list[str]) -> Callable[[], None]:
    """Import what the plan names, say so, and fork until the broker is gone."""
    null = os.open("/dev/null", os.O_WRONLY)
    for fd in (1, 2):  # the streams were made for pipes, as a task's are
        os.dup2(null, fd)
    os.close(null)
    plan = _read(os.dup(PLAN))
    _import_ours(entrypoint)
    given = dict(os.environ)  # without what packages will set
    try:
        loaded = preload(plan["modules"], excluded)
    except Unfit as unfit:
        if len(excluded) < plan["attempts"]:
            again = [*sys.orig_argv[: _FLAGS + 1], *excluded, unfit.package]
            os.execve(sys.executable, again, given)  # noqa: S606
        os._exit(1)
    sys.modules["taxiway_inside.seen"].KNOWN.update(plan["modules"])
    # User code of the same user shall not look into, or change, what later tasks are forked from.
    prctl(PR_SET_DUMPABLE, 0)
    os.close(PLAN)
    server = Server(entrypoint, loaded, bare)
    gc.collect()
    gc.freeze()
    return server.run()


def _import_ours(entrypoint: str) -> None:
    package = type(sys)("taxiway_inside")
    package.__path__ = [entrypoint.rpartition("/")[0] + "/inside"]
    sys.modules["taxiway_inside"] = package
    import taxiway_inside.main  # type: ignore[import-not-found] # noqa: PLC0415
    import taxiway_inside.seen  # type: ignore[import-not-found] # noqa: F401, PLC0415


def _become_keeper(connection: int, ends: list[int]) -> None:
    """Only the task that it forks comes back."""
    *descriptors, status = ends
    pid = -1
    try:
        _close_all_but({connection, *ends})
        os.setsid()
        prctl(PR_SET_CHILD_SUBREAPER, 1)
        wakeup = watch_signals()
        os.write(connection, b"ok")
        if os.read(connection, 1) != b"g":
            os._exit(0)  # the supervisor does not wait for us any more
        if pid := os.fork():
            for fd in descriptors:
                os.close(fd)
            ended, orphaned = keep(pid, connection, wakeup)
            say(status, "ended", ended)
            os._exit(ORPHANED if orphaned else 0)
    finally:
        if pid:
            os._exit(0)
    _become_task(descriptors, status)


def _become_task(descriptors: list[int], status: int) -> None:
    try:
        leave_the_rest()
        arrange_descriptors(descriptors, status)
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        prctl(PR_SET_DUMPABLE, 1)
    except BaseException as error:
        say(STATUS_FD, "error", f"{type(error).__name__}: {error}")
        os._exit(127)


def _start_anew(folder: str) -> None:
    """What packages keep since they were imported, and a task has for itself."""
    if numpy_random := sys.modules.get("numpy.random"):
        numpy_random.seed()
    if process := sys.modules.get("multiprocessing.process"):
        process.ORIGINAL_DIR = folder  # type: ignore[attr-defined]
        process.current_process().authkey = os.urandom(32)
    known = sys.modules["sysconfig"].get_config_vars()
    known["userbase"] = sys.modules["sysconfig"]._getuserbase()


def _modules(entries: list[str]) -> Iterator[str]:
    """What could be imported from a folder with these entries."""
    for entry in entries:
        name, dot, _ = entry.partition(".")
        if not dot or entry.endswith((".py", ".pyc", ".so")):
            yield name


def _read(fd: int) -> dict[str, Any]:
    with os.fdopen(fd, "rb") as file:
        file.seek(0)
        found: dict[str, Any] = marshal.loads(file.read())  # noqa: S302 - from the worker
    return found


def _close_all_but(kept: set[int]) -> None:
    low = 3
    for fd in sorted(kept):
        os.closerange(low, fd)
        low = fd + 1
    os.closerange(low, 1 << 20)
