"""Stands between the workers of a host and one warm process. Standard library only.

    broker ── server ── keeper ── task
                     └─ keeper ── task

It is the worker's own user and imports no package, so it can check who asks, show the server what
a task needs, and kill what the keeper of a task has left: whatever is orphaned below it becomes
its child. It ends when it was idle for long, when its environment is no more what it was, or when
the server has ended and the last of its tasks, too. A lock is held from before the first of its
processes starts until it ends.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import select
import socket
import time

from ..keeper import (
    ORPHANED,
    PR_SET_CHILD_SUBREAPER,
    become_task,
    descendants,
    prctl,
    remove,
    watch_signals,
)
from . import mounts

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from typing import Any
else:
    import _signal as signal

_LOOK = 2_000  # milliseconds between two looks at the environment and the clock
_LOADING = 600.0  # seconds for the imports
_ASKING = 1.0  # seconds for a worker to say what it wants
MESSAGE = 1 << 16
_DESCRIPTORS = 6  # stdout, stderr, the channel, the payload, status, the orders
TELL = b"tell"  # in the place of a task, from who only asks
_CREDENTIALS = 12  # bytes: pid, uid and gid of who is at the other end


def main(orders_fd: int) -> None:
    """Two forks away from who has started it, in a session of its own, holding nothing of it."""
    with os.fdopen(orders_fd, "rb") as file:
        file.seek(0)
        orders: dict[str, Any] = marshal.loads(file.read())  # noqa: S302 - from the worker
    if os.fork():
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)
    os.chdir("/")
    broker = Broker(orders)
    try:
        broker.run()
    finally:
        broker.end()
        os._exit(0)


class Broker:
    """`orders` say where the lock and the socket are, and how the server is started."""

    def __init__(self, orders: dict[str, Any]) -> None:
        self._orders = orders
        self._folder = os.open(orders["folder"], os.O_PATH | os.O_CLOEXEC)
        self._began = self._used_at = time.monotonic()
        self._number = 0
        self._needs: dict[int, list[str]] = {}  # of each task: what it is shown
        self._folders: dict[int, list[str]] = {}  # and what is left of it if its worker is killed
        self._shown: dict[str, int] = {}  # how many tasks need it
        self._keepers: dict[int, int] = {}
        self._ready = self._lost = False
        self._namespace = -1
        prctl(PR_SET_CHILD_SUBREAPER, 1)
        self._wakeup = watch_signals()
        self._listener = self._listen()
        self._line, self._server = self._start()

    def run(self) -> None:
        poll = select.poll()
        for fd in (self._listener.fileno(), self._line.fileno(), self._wakeup):
            poll.register(fd, select.POLLIN)
        look = min(_LOOK, self._orders["idle"] * 500)
        while not self._is_over():
            for fd, _ in poll.poll(look):
                if fd == self._wakeup:
                    if any(number != signal.SIGCHLD for number in os.read(fd, 512)):
                        return
                    self._reap()
                elif fd == self._line.fileno():
                    self._hear()
                    if self._lost:
                        poll.unregister(fd)
                elif not self._lost:
                    self._accept()

    def end(self) -> None:
        """The name goes before the lock, so that who gets the lock finds none."""
        self._forget(self._orders["name"])
        self._forget(f"{self._orders['name']}.lock")
        if not self._lost:
            with contextlib.suppress(OSError):
                os.kill(self._server, signal.SIGKILL)

    def _listen(self) -> socket.socket:
        name = self._orders["name"]
        self._forget(name)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # A path of its own may be too long for a socket.
        listener.bind(f"/proc/self/fd/{self._folder}/{name}")
        listener.listen(64)
        listener.setblocking(False)
        return listener

    def _forget(self, name: str) -> None:
        with contextlib.suppress(OSError):
            os.unlink(name, dir_fd=self._folder)

    def _start(self) -> tuple[socket.socket, int]:
        line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        plan = os.memfd_create("plan", os.MFD_CLOEXEC)
        os.write(plan, marshal.dumps(self._orders["plan"], 4))
        unread, output = os.pipe2(os.O_CLOEXEC)
        pid = os.fork()
        if pid == 0:
            descriptors = [output, output, theirs.fileno(), plan]
            become_task({**self._orders["server"], "descriptors": descriptors, "status": output})
        for fd in (unread, output, plan):
            os.close(fd)
        theirs.close()
        return line, pid

    def _is_over(self) -> bool:
        if self._lost:
            return not self._keepers
        now = time.monotonic()
        if not self._ready:
            return now - self._used_at > _LOADING
        if self._needs:
            return False
        return now - self._used_at > self._orders["idle"] or not self._is_same()

    def _is_same(self) -> bool:
        path, *was = self._orders["environment"]
        try:
            found = os.stat(path)  # noqa: PTH116
        except OSError:
            return False
        now = [found.st_dev, found.st_ino, found.st_mtime_ns]
        return now == list(was)

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return  # it has given up
        with connection:
            connection.settimeout(_ASKING)
            fds: list[int] = []
            try:
                peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS)
                data, fds, _, _ = socket.recv_fds(connection, MESSAGE, _DESCRIPTORS)
                uid = int.from_bytes(peer[4:8], "little")
                if uid != os.getuid():
                    return
                if data == TELL:
                    connection.send(marshal.dumps(self._state(), 4))
                    return
                if len(fds) != _DESCRIPTORS:
                    return
                if why := self._hand_over(marshal.loads(data), connection, fds):  # noqa: S302
                    connection.send(b"no " + why.encode())
            except (OSError, EOFError, ValueError, TypeError):
                return  # it is gone, or no worker of ours
            finally:
                for fd in fds:
                    os.close(fd)

    def _state(self) -> dict[str, Any]:
        """What people who look at the host are told."""
        now = time.monotonic()
        return {
            "environment": self._orders["environment"][0],
            "server": self._server,
            "ready": self._ready,
            "age": now - self._began,
            "idle": 0.0 if self._needs or not self._ready else now - self._used_at,
            "running": len(self._needs),
            "forked": self._number,
        }

    def _hand_over(self, needs: dict[str, Any], connection: socket.socket, fds: list[int]) -> str:
        """Why not, if it cannot be."""
        if not self._ready:
            return "it still imports"
        if not self._is_same():
            return "the environment is another one"
        shown: list[tuple[str, bool]] = needs["shown"]
        missing = [(path, writable) for path, writable in shown if path not in self._shown]
        if not mounts.show(self._namespace, missing):
            return "its files cannot be shown"
        self._number += 1
        paths = [path for path, _ in shown]
        self._needs[self._number] = paths
        self._folders[self._number] = needs["remove"]
        for path in paths:
            self._shown[path] = self._shown.get(path, 0) + 1
        connection.setblocking(True)
        socket.send_fds(self._line, [b"%d" % self._number], [connection.fileno(), *fds])
        return ""

    def _hear(self) -> None:
        what, *numbers = self._line.recv(MESSAGE).split() or [b""]
        if what == b"ready":
            self._ready = True
            self._namespace = os.open(f"/proc/{self._server}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
            self._used_at = time.monotonic()
        elif what == b"began":
            self._keepers[int(numbers[1])] = int(numbers[0])
        elif what == b"end":
            self._let_go(int(numbers[0]), orphaned=numbers[1] == b"1")
        else:
            self._lose()

    def _lose(self) -> None:
        """The server is gone. Its tasks go on: each has a keeper, and those are our children now."""
        self._lost = True
        self._forget(self._orders["name"])
        self._listener.close()
        if not self._ready:
            fd = os.open(
                f"{self._orders['name']}.failed",
                os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC,
                0o600,
                dir_fd=self._folder,
            )
            os.close(fd)
        self._reap()

    def _reap(self) -> None:
        try:
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                pid = ended[0]
                while pid == self._server and not self._lost:
                    self._hear()  # what it has said before it ended
                if pid in self._keepers:
                    orphaned = os.waitstatus_to_exitcode(ended[1]) == ORPHANED
                    self._let_go(self._keepers[pid], orphaned=orphaned)
        except ChildProcessError:
            self._keepers.clear()
        self._kill_strays()

    def _let_go(self, number: int, *, orphaned: bool) -> None:
        self._keepers = {pid: of for pid, of in self._keepers.items() if of != number}
        self._kill_strays()
        gone = []
        for path in self._needs.pop(number, ()):
            self._shown[path] -= 1
            if not self._shown[path]:
                del self._shown[path]
                gone.append(path)
        mounts.hide(self._namespace, gone)
        folders = self._folders.pop(number, [])
        if orphaned:
            remove(folders)
        self._used_at = time.monotonic()

    def _kill_strays(self) -> None:
        """A task whose keeper was killed is ours to end, with all below it."""
        ours = {*self._keepers, *([] if self._lost else [self._server])}
        while strays := set(children(os.getpid())) - ours:
            for stray in strays:
                for pid in (stray, *descendants(stray)):
                    with contextlib.suppress(OSError):
                        os.kill(pid, signal.SIGKILL)
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(stray, 0)


def children(parent: int) -> list[int]:
    below = descendants(parent)
    return [pid for pid in below if _parent(pid) == parent]


def _parent(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123
            return int(file.read().rpartition(b")")[2].split()[1])
    except OSError:
        return 0
