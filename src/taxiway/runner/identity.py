"""Who user code is on this host, and what of the host it sees.

A worker that is not root has no choice: user code has its uid, and the read-only modes of the
cache protect it. A worker that is root gives user code another uid:

1. where that uid reaches all that the task needs, it is just another uid;
2. where a folder on the way is closed to it (a home is 0700), the keeper covers that folder with
   an empty one in a mount namespace of the task, and shows in it only what the task needs, at
   the same paths and read-only but for the workspace;
3. where the kernel does not allow that, user code stays root without any capability, so that
   read-only files are read-only for it.

`run_as_user="root"` asks for root; the files that tasks share are then mounted read-only for it.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from taxiway.errors import Invalid


@dataclass(frozen=True)
class Identity:
    """`uid` None keeps the worker's own. `covered` and `shown` are for the mount namespace."""

    name: str
    uid: int | None = None
    gid: int | None = None
    groups: tuple[int, ...] = ()
    covered: tuple[str, ...] = ()
    shown: tuple[tuple[str, bool], ...] = ()
    bare: bool = False  # without capabilities, by force: the third rung
    owned: tuple[str, ...] = field(default=())

    def as_orders(self) -> dict[str, Any]:
        return {
            "uid": self.uid,
            "gid": self.gid,
            "groups": list(self.groups),
            "covered": list(self.covered),
            "shown": [list(pair) for pair in self.shown],
            "bare": self.bare,
            "owned": list(self.owned),
        }


@dataclass(frozen=True)
class User:
    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]


def find_user(name: str) -> User:
    """The user of a name or a uid. `Invalid` (`user-not-found`)."""
    if name.isdecimal():
        try:
            return _as_user(pwd.getpwuid(int(name)))
        except KeyError:
            return User(name, int(name), int(name), ())
    try:
        return _as_user(pwd.getpwnam(name))
    except KeyError:
        if name == "nobody":
            return User(name, 65534, 65534, ())
        raise Invalid(
            "user-not-found",
            f"This host has no user {name}",
            hint="TAXIWAY_RUN_AS_USER takes a user name, a uid, or root.",
        ) from None


def _as_user(entry: pwd.struct_passwd) -> User:
    groups = tuple(sorted(set(os.getgrouplist(entry.pw_name, entry.pw_gid))))
    return User(entry.pw_name, entry.pw_uid, entry.pw_gid, groups)


def choose_identity(
    run_as_user: str,
    *,
    needed: Iterable[Path],
    written: Iterable[Path],
    owned: Iterable[Path],
    useful: Iterable[Path] = (),
) -> Identity:
    """`needed` are files and folders that the task reads, `written` those that it writes;
    `owned` (among the written) will belong to it. The `useful` are shown where they can be."""
    if os.geteuid() != 0:
        return Identity(pwd_name(os.geteuid()))
    user = find_user(run_as_user)
    own = tuple(str(path) for path in owned)
    reads, writes = tuple(needed), tuple(written)
    if user.uid == 0:
        shown = tuple((str(path), False) for path in reads)
        return Identity("root", shown=shown, owned=own)
    ways = Ways(user)
    if not all(map(ways.may_enter, reads)):
        return Identity("root", bare=True, owned=own)
    reads += tuple(filter(ways.may_enter, useful))
    blocked = {b for path in (*reads, *writes) if (b := ways.first_blocked(path)) is not None}
    covered = outermost(blocked)
    shown = tuple(
        (str(path), path in writes)
        for path in outermost({*reads, *writes})
        if any(path.is_relative_to(folder) for folder in covered)
    )
    return Identity(
        user.name,
        user.uid,
        user.gid,
        user.groups,
        tuple(str(folder) for folder in covered),
        shown,
        owned=own,
    )


def outermost(paths: Iterable[Path]) -> tuple[Path, ...]:
    """`paths` without those that lie below another of them, in order."""
    kept: list[Path] = []
    for path in sorted(paths):
        if not any(path.is_relative_to(other) for other in kept):
            kept.append(path)
    return tuple(kept)


class Ways:
    """Which folders a user may enter, and files read. Each is looked at once: the paths of a task
    have most of their folders in common."""

    def __init__(self, user: User) -> None:
        self._user = user
        self._known: dict[Path, bool] = {}

    def first_blocked(self, path: Path) -> Path | None:
        """The outermost folder above `path` that the user cannot pass."""
        for folder in reversed(path.parents):
            if not self.may_enter(folder):
                return folder
        return None

    def may_enter(self, path: Path) -> bool:
        if path not in self._known:
            self._known[path] = self._look(path)
        return self._known[path]

    def _look(self, path: Path) -> bool:
        found, user = path.stat(), self._user
        wanted = 0o4 if stat.S_ISREG(found.st_mode) else 0o1
        if found.st_uid == user.uid:
            return bool(found.st_mode & (wanted << 6))
        if found.st_gid in (user.gid, *user.groups):
            return bool(found.st_mode & (wanted << 3))
        return bool(found.st_mode & wanted)


def pwd_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
