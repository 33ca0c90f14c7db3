"""Makes byte-code of one entry of the cache. Run by its path with the interpreter that will read it:

    python -I -S compiler.py <entry> <lock> <done> <skip> [background]

Standard library only. It writes into the `__pycache__` folders that were made for it, and into no
other: those that belong to the entry are read-only, as the rest of it. `skip` is a pattern of paths to leave out. In the background it takes only time that nobody wants,
and outlives whoever started it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import py_compile
import re
import stat
import sys

CACHE = "__pycache__"
FEW = 200  # files; starting more processes costs more than it saves


def main(entry: str, lock: str, done: str, skip: str, background: str = "") -> None:
    if background and not become_background():
        return
    reader = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
    fcntl.flock(reader, fcntl.LOCK_SH)  # so that it is not evicted meanwhile
    maker = os.open(done + ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(maker, fcntl.LOCK_EX | (fcntl.LOCK_NB if background else 0))
    except BlockingIOError:
        return  # another one is at it
    if os.path.isdir(entry) and not os.path.exists(done):  # noqa: PTH110, PTH112
        files = find(entry, re.compile(skip) if skip else None)
        compile_all(files, 1 if background or len(files) < FEW else os.cpu_count() or 1)
        close(entry)
        os.close(os.open(done, os.O_WRONLY | os.O_CREAT, 0o644))


def become_background() -> bool:
    """In a session of its own, with nothing open, when nobody else wants the processor."""
    if os.fork():
        return False
    os.setsid()
    if os.fork():
        os._exit(0)
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    os.closerange(3, 4096)
    with contextlib.suppress(OSError, AttributeError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    return True


def find(entry: str, skip: re.Pattern[str] | None) -> list[str]:
    found = []
    for folder, folders, names in os.walk(entry):
        if CACHE in folders:
            folders.remove(CACHE)
            if os.lstat(f"{folder}/{CACHE}").st_mode & stat.S_IWUSR:
                found += [f"{folder}/{name}" for name in names if name.endswith(".py")]
    return [path for path in found if not (skip and skip.search(path[len(entry) :]))]


def close(entry: str) -> None:
    """The folders, and what is in them, are as read-only as all else from now on."""
    for folder, _, names in os.walk(entry):
        if folder.endswith(f"/{CACHE}"):
            for name in names:
                os.chmod(f"{folder}/{name}", 0o444)  # noqa: PTH101
            os.chmod(folder, 0o555)  # noqa: PTH101


def compile_all(files: list[str], workers: int) -> None:
    pids = []
    for number in range(workers):
        mine = files[number::workers]
        if workers > 1:
            pid = os.fork()
            if pid:
                pids.append(pid)
                continue
        for path in mine:
            # Importing what this Python cannot read will tell.
            with contextlib.suppress(py_compile.PyCompileError, OSError, ValueError):
                py_compile.compile(path, doraise=True, quiet=2)
        if workers > 1:
            os._exit(0)
    for pid in pids:
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
