"""Starts one task's interpreter, and leaves no process of it behind.

It has an interpreter of its own (`python -I -S`), with the standard library only. It runs in its own
session and is the subreaper of everything below it, so a daemon that the task leaves becomes its
child. When the task's interpreter ends, when it is told to (`k` on the lifeline), or when the
supervisor is gone (end of file there), it kills all of them until none is left, reports how the
interpreter ended, and exits.
"""

from __future__ import annotations

import _ctypes
import errno
import marshal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    import signal
    from typing import Any
else:
    # What is below `os` and `signal`. Each task waits until this is imported: the two would double it.
    import _signal as signal
    import posix as os

PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_SECUREBITS = 1, 24, 28
PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 36, 38
PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
NO_ROOT_LOCKED = 0b11
CLONE_NEWNS = 0x20000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT = 1, 2, 4, 32
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
CAPABILITY_VERSION = 0x20080522
RLIMIT_CORE = 4
ORPHANED = 3  # how a forked keeper exits whose supervisor was gone before the task
STATUS_FD = 5  # in the child, until it executes; 0 to 4 are what the interpreter gets


class Int(_ctypes._SimpleCData):  # type: ignore[type-arg]
    _type_ = "i"


class Long(_ctypes._SimpleCData):  # type: ignore[type-arg]
    _type_ = "L"


class Text(_ctypes._SimpleCData):  # type: ignore[type-arg]
    _type_ = "z"


class Function(_ctypes.CFuncPtr):
    """One of the C library. `ctypes` does the same, and takes a tenth of a task's start to import."""

    _flags_ = _ctypes.FUNCFLAG_CDECL | _ctypes.FUNCFLAG_USE_ERRNO
    _restype_ = Int


_C = _ctypes.dlopen(None, 0)  # type: ignore[arg-type]  # all that is loaded


def call(name: str, *arguments: int | bytes | None) -> int:
    """What the C function returns: numbers are unsigned longs to it, bytes and None pointers."""
    function = Function(_ctypes.dlsym(_C, name))
    function.argtypes = tuple(Long if isinstance(one, int) else Text for one in arguments)
    result: int = function(*arguments)
    return result


def main(orders_fd: int) -> None:
    orders = _read_orders(orders_fd)
    if orders is None:
        return  # there is nothing to keep after all
    lifeline, status = orders["lifeline"], orders["status"]
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    wakeup = watch_signals()
    pid = os.fork()
    if pid == 0:
        become_task(orders)
    for fd in orders["descriptors"]:
        os.close(fd)
    ended, orphaned = keep(pid, lifeline, wakeup)
    if orphaned:
        remove(orders["remove"])
    say(status, "ended", ended)
    os._exit(0)  # the supervisor waits, and there is nothing to clean up here


def keep(pid: int, lifeline: int, wakeup: int) -> tuple[str, bool]:
    """Until nothing of the task `pid` is left: how its interpreter ended, and whether the
    supervisor is gone."""
    ended, orphaned = wait(pid, lifeline, wakeup)
    ended = end_all(pid, ended)
    return "" if ended is None else str(ended), orphaned


def _read_orders(fd: int) -> dict[str, Any] | None:
    """They come when all that the task needs is ready; none come when it will not be."""
    parts = []
    while part := os.read(fd, 1 << 16):
        parts.append(part)
    os.close(fd)
    orders: dict[str, Any] | None = marshal.loads(b"".join(parts)) if parts else None  # noqa: S302 - from our own supervisor
    return orders


def prctl(option: int, *args: int) -> None:
    padded = (*args, 0, 0, 0, 0)[:4]
    check(call("prctl", option, *padded), f"prctl {option}")


def check(result: int, what: str) -> None:
    if result != 0:
        number = _ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def watch_signals() -> int:
    """A descriptor that is readable after SIGCHLD; a request to end counts as a cancel."""
    read, write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    return read


def wait(pid: int, lifeline: int, wakeup: int) -> tuple[int | None, bool]:
    """Until the interpreter ends or must: its wait status if it has one, and whether the
    supervisor is gone."""
    import select  # noqa: PLC0415 - while the interpreter starts

    poll = select.poll()
    poll.register(lifeline, select.POLLIN)
    poll.register(wakeup, select.POLLIN)
    while True:
        for fd, _ in poll.poll():
            if fd == lifeline:
                return None, os.read(lifeline, 1) == b""
            caught = os.read(wakeup, 512)
            if any(number != signal.SIGCHLD for number in caught):
                return None, False
        try:
            for ended, status in iter(_reap, (0, 0)):
                if ended == pid:
                    return status, False
        except ChildProcessError:
            return None, False


def _reap() -> tuple[int, int]:
    return os.waitpid(-1, os.WNOHANG)


def end_all(pid: int, status: int | None) -> int | None:
    """Kill until there is no child left: whatever still lives below us hangs on one of them."""
    import select  # noqa: PLC0415

    poll = select.poll()
    while True:
        try:
            for ended, its_status in iter(_reap, (0, 0)):
                if ended == pid:
                    status = its_status
        except ChildProcessError:
            return None if status is None else os.waitstatus_to_exitcode(status)
        for found in descendants(os.getpid()):
            try:  # noqa: SIM105
                os.kill(found, signal.SIGKILL)
            except OSError:
                pass  # it ended by itself
        poll.poll(1)


def descendants(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{int(name)}/stat", "rb") as file:  # noqa: PTH123
                parent = int(file.read().rpartition(b")")[2].split()[1])
                children.setdefault(parent, []).append(int(name))
        except (OSError, ValueError):
            continue  # no process, or no longer one
    found: list[int] = []
    level = [root]
    while level:
        level = [child for parent in level for child in children.get(parent, ())]
        found += level
    return found


def remove(folders: list[str]) -> None:
    import shutil  # noqa: PLC0415 - only when the supervisor died; it costs more than the start

    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def become_task(orders: dict[str, Any]) -> None:
    """In the child: give up all that the task shall not have, then execute its interpreter."""
    try:
        signal.set_wakeup_fd(-1)
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            try:  # noqa: SIM105
                signal.signal(number, signal.SIG_DFL)
            except OSError:
                pass  # the C library's own
        leave_the_rest()
        arrange_descriptors(orders["descriptors"], orders["status"])
        _take_identity(orders)
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        prctl(PR_SET_NO_NEW_PRIVS, 1)
        os.chdir(orders["cwd"])
        os.execve(orders["argv"][0], orders["argv"], orders["env"])
    except BaseException as error:
        say(STATUS_FD, "error", f"{type(error).__name__}: {error}")
    finally:
        os._exit(127)


def leave_the_rest() -> None:
    """A session of its own, and what no task has."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.setsid()
    os.umask(0o022)
    check(call("setrlimit", RLIMIT_CORE, bytes(2 * _ctypes.sizeof(Long))), "setrlimit")


def say(fd: int, what: str, text: str) -> None:
    try:  # noqa: SIM105
        os.write(fd, f"{what} {ascii(text)[1:-1]}\n".encode("ascii"))
    except OSError:
        pass  # the supervisor is gone


def arrange_descriptors(descriptors: list[int], status: int) -> None:
    """stdin from nowhere, then stdout, stderr, the channel and the payload; nothing else."""
    sources = [os.open("/dev/null", os.O_RDONLY), *descriptors, status]
    free = max(*sources, len(sources)) + 1  # above all that is read or written here
    for number, fd in enumerate(sources):
        os.dup2(fd, free + number)
    for target in range(len(sources)):
        os.dup2(free + target, target, inheritable=target != STATUS_FD)
    os.closerange(STATUS_FD + 1, 1 << 20)


def _take_identity(orders: dict[str, Any]) -> None:
    identity = orders["identity"]
    try:
        if identity["bare"]:
            raise PermissionError(errno.EPERM, "what it needs is closed to other users")
        if identity["covered"] or identity["shown"]:
            rearrange(identity["covered"], identity["shown"])
        if identity["uid"] is not None:
            os.setgroups(identity["groups"])
            os.setgid(identity["gid"])
            os.setuid(identity["uid"])
    except PermissionError as error:
        say(STATUS_FD, "warning", str(error))
        for path in identity["owned"]:
            os.chown(path, os.getuid(), os.getgid())
        drop_capabilities()


def rearrange(covered: list[str], shown: list[tuple[str, bool]]) -> None:
    """In a mount namespace of our own: cover folders, and show some paths below them again.

    `shown` tells for each path whether it may be written.
    """
    check(call("unshare", CLONE_NEWNS), "unshare")
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    sources = [(os.open(path, os.O_PATH), path, writable) for path, writable in shown]
    for folder in covered:
        mount("tmpfs", folder, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=1m")
    for fd, path, writable in sources:
        make_target(path, is_folder=is_folder(fd))
        mount(f"/proc/self/fd/{fd}", path, None, MS_BIND | (MS_REC if writable else 0))
        if not writable:
            mount(None, path, None, MS_BIND | MS_REMOUNT | MS_RDONLY)
        os.close(fd)


def is_folder(fd: int) -> bool:
    return os.fstat(fd).st_mode & 0o170000 == 0o040000


def make_target(path: str, *, is_folder: bool) -> None:
    parts = path.split("/")
    for count in range(2, len(parts) + is_folder):
        try:  # noqa: SIM105
            os.mkdir("/".join(parts[:count]), 0o755)
        except OSError:
            pass  # it is there; what cannot be made is told by the mount
    if not is_folder:
        try:  # noqa: SIM105
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
        except OSError:
            pass


def mount(
    source: str | None, target: str, kind: str | None, flags: int, data: str | None = None
) -> None:
    names = (source, target, kind, data)
    encoded = [None if n is None else n.encode("utf-8", "surrogateescape") for n in names]
    result = call("mount", *encoded[:3], flags, encoded[3])
    check(result, f"mount {target}")


def drop_capabilities() -> None:
    """Stay who we are, without any power over what we do not own or may not write."""
    steps = [(PR_CAPBSET_DROP, capability) for capability in range(64)]
    steps += [(PR_SET_SECUREBITS, NO_ROOT_LOCKED), (PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)]
    for step in steps:
        try:  # noqa: SIM105
            prctl(*step)
        except OSError:
            pass  # no such capability, or one less power to give up
    header = CAPABILITY_VERSION.to_bytes(4, sys.byteorder) + bytes(4)
    check(call("capset", header, bytes(24)), "capset")
