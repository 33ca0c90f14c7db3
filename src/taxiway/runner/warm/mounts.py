"""Shows folders to processes that have a mount namespace of their own. Standard library only.

A mount of our namespace cannot be bound in another one; a copy that hangs nowhere can be moved
there (`open_tree` and `move_mount`, Linux 5.2).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from ..keeper import (
    CLONE_NEWNS,
    MS_BIND,
    MS_RDONLY,
    MS_REMOUNT,
    call,
    check,
    is_folder,
    make_target,
    mount,
)

_OPEN_TREE, _MOVE_MOUNT = 428, 429  # the same on each architecture
_HERE, _CLONE, _CLOEXEC, _FROM_DESCRIPTOR, _DETACH = -100, 1, os.O_CLOEXEC, 4, 2


def show(namespace: int, shown: Iterable[tuple[str, bool]]) -> bool:
    """Show each path at the same path there; with it stands whether it may be written."""
    paths = list(shown)

    def work() -> None:
        trees = [(_clone(path), path, writable) for path, writable in paths]
        _enter(namespace)
        for tree, path, writable in trees:
            make_target(path, is_folder=is_folder(tree))
            args = (_MOVE_MOUNT, tree, b"", _HERE, os.fsencode(path), _FROM_DESCRIPTOR)
            check(call("syscall", *args), f"move_mount {path}")
            if not writable:
                mount(None, path, None, MS_BIND | MS_REMOUNT | MS_RDONLY)

    return not paths or _beside(work)


def hide(namespace: int, paths: Iterable[str]) -> bool:
    """Take away what was shown."""
    gone = list(paths)

    def work() -> None:
        _enter(namespace)
        for path in gone:
            check(call("umount2", os.fsencode(path), _DETACH), f"umount {path}")
            os.rmdir(path)  # noqa: PTH106

    return not gone or _beside(work)


def _clone(path: str) -> int:
    tree = call("syscall", _OPEN_TREE, _HERE, os.fsencode(path), _CLONE | _CLOEXEC)
    check(min(tree, 0), f"open_tree {path}")
    return tree


def _enter(namespace: int) -> None:
    check(call("setns", namespace, CLONE_NEWNS), "setns")


def _beside(work: Callable[[], None]) -> bool:
    """In a child: who has entered another namespace does not come back."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitpid(pid, 0)[1] == 0
