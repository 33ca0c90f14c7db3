"""Starts the keeper with its orders, and holds our ends of what connects us to the task."""

from __future__ import annotations

import marshal
import os
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import taxiway.runner.inside.main  # noqa: F401 - so that its byte-code is there for the tasks
from taxiway.errors import Unavailable
from taxiway.process import Popen, spawn
from taxiway.runner.identity import Identity

MARSHAL = 4  # the format that Python 3.4 to 3.13 read
OURS = {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
_HERE = Path(__file__).resolve().parent
ENTRYPOINT = _HERE / "entrypoint.py"
INSIDE = _HERE / "inside"
# As a module it is not compiled anew for each task. Ours comes last on the path.
_START_KEEPER = (
    "import sys; sys.path.append(sys.argv[1]); import keeper; keeper.main(int(sys.argv[2]))"
)


class Keeper(Protocol):
    """What is above a task. `wait` returns when it has ended, or may be taken to have."""

    def wait(self) -> int: ...


@dataclass(frozen=True)
class Ends:
    """Both ends of what connects us to a task; `theirs` are its stdout, stderr and channel, and
    the payload."""

    stdout: int
    stderr: int
    status: int
    channel: socket.socket
    theirs: list[int]
    status_w: int

    @property
    def payload(self) -> int:
        """A file in memory that the task will read: no argument list and no disk ever sees it."""
        return self.theirs[-1]

    def close_ours(self) -> None:
        for fd in (self.stdout, self.stderr, self.status):
            os.close(fd)
        self.channel.close()

    def close(self) -> None:
        """Close theirs."""
        for fd in (*self.theirs, self.status_w):
            os.close(fd)


@dataclass(frozen=True)
class Starting:
    """A keeper whose interpreter starts while its orders are still being made up."""

    keeper: Popen[bytes]
    lifeline: int
    stdout: int
    stderr: int
    status: int
    channel: socket.socket
    orders: int  # the keeper reads from the other end, to its end
    payload: int  # a file in memory that the task will read
    theirs: dict[str, Any]  # the keeper's own numbers of what it was given

    def abandon(self) -> None:
        """It ends by itself when there will be no orders."""
        for fd in (self.orders, self.payload, self.lifeline, self.stdout, self.stderr, self.status):
            os.close(fd)
        self.channel.close()
        self.keeper.wait()


@dataclass(frozen=True)
class Launched:
    """The keeper, and our ends: the caller closes them."""

    keeper: Keeper
    lifeline: int  # to write `k` to, or to close
    stdout: int
    stderr: int
    status: int
    channel: socket.socket


def launch(
    python: Path,
    payload: dict[str, Any],
    *,
    env: dict[str, str],
    cwd: Path,
    identity: Identity,
    remove: tuple[Path, ...],
    starting: Starting | None = None,
) -> Launched:
    """Give the keeper its orders. `remove` is for it to remove if this process is killed.
    `Unavailable` (`task-not-started`)."""
    made = starting or start_keeper()
    orders = {
        **made.theirs,
        "argv": [str(python), *_flags(python, env), str(ENTRYPOINT)],
        "env": env,
        "cwd": str(cwd),
        "identity": identity.as_orders(),
        "remove": [str(folder) for folder in remove],
    }
    try:
        write(made.payload, payload)
        write(made.orders, orders)
    except OSError as error:
        made.abandon()
        raise _not_started(error) from error
    os.close(made.payload)
    os.close(made.orders)
    return Launched(made.keeper, made.lifeline, made.stdout, made.stderr, made.status, made.channel)


def start_keeper() -> Starting:
    """Its interpreter takes longer to start than all that has to be looked at before a task.
    `Unavailable` (`task-not-started`)."""
    ends = open_ends()
    (lifeline_r, lifeline), (orders_r, orders) = (os.pipe2(os.O_CLOEXEC) for _ in range(2))
    os.set_blocking(lifeline, False)
    passed = [lifeline_r, ends.status_w, *ends.theirs, orders_r]
    try:
        keeper = spawn(
            [sys.executable, "-I", "-S", "-c", _START_KEEPER, str(_HERE), str(orders_r)],
            env={"LANG": "C.UTF-8"},
            pass_fds=passed,
        )
    except OSError as error:
        ends.close_ours()
        for fd in (lifeline, orders, ends.payload):
            os.close(fd)
        raise _not_started(error) from error
    finally:
        for fd in passed:
            if fd != ends.payload:
                os.close(fd)
    numbers = {"lifeline": lifeline_r, "status": ends.status_w, "descriptors": ends.theirs}
    return Starting(
        keeper,
        lifeline,
        ends.stdout,
        ends.stderr,
        ends.status,
        ends.channel,
        orders,
        ends.payload,
        theirs=numbers,
    )


def open_ends() -> Ends:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    (stdout, stdout_w), (stderr, stderr_w), (status, status_w) = (
        os.pipe2(os.O_CLOEXEC) for _ in range(3)
    )
    payload = os.memfd_create("payload", os.MFD_CLOEXEC)
    return Ends(
        stdout, stderr, status, ours, [stdout_w, stderr_w, theirs.detach(), payload], status_w
    )


def _not_started(error: OSError) -> Unavailable:
    return Unavailable("task-not-started", f"The task's process could not be started: {error}")


def _flags(python: Path, env: dict[str, str]) -> list[str]:
    """Isolated from everything around it; but what a workflow says to Python itself holds."""
    said = {name for name in env if name.startswith("PYTHON")} - OURS
    knows = not (python.parents[1] / "lib" / "python3.10").exists()  # it has no -P
    return ["-P", "-s"] if said and knows else ["-I", "-u", "-B"]


def write(fd: int, content: dict[str, Any]) -> None:
    """In a form that a task's own interpreter reads without an import."""
    data = memoryview(marshal.dumps(content, MARSHAL))
    while data:
        data = data[os.write(fd, data) :]
