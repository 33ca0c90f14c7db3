"""The cache of one host: entries made once, whole or not at all, shared by its processes.

Every entry is made the same way: look; lock its own key; look again; build beside; fsync; rename.
The rename is what makes it visible, so a reader needs no lock to know that an entry is complete.
Readers hold another lock of the key, shared, while they use one, so that eviction cannot take it
from under them. Who wants to build waits for a builder only, never for a reader.
"""

from __future__ import annotations

import ctypes
import fcntl
import logging
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from taxiway.errors import Unavailable
from taxiway.storage import marks

DAMAGED = ".damaged"
_OTHERS_LOOK = 2.0  # seconds; who looks at an entry holds its lock for a moment
_log = logging.getLogger("taxiway")
_LIBC = ctypes.CDLL(None, use_errno=True)


Build = Callable[[Path], Mapping[str, marks.File] | None]


class Cache:
    """A folder of entries `<kind>/<key>`, each a file or a read-only folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, kind: str, key: str) -> Path:
        """Where the entry is, or would be."""
        return self.root / kind / key

    def ensure(self, kind: str, key: str, build: Build, *, marked: bool = False) -> Path:
        """The entry's path; `build(target)` makes it where it is missing.

        `target` does not exist yet: `build` creates it, as a file or a folder. One process
        builds, the others wait. When `build` raises, nothing becomes visible. A `marked` entry, a
        folder, gets a mark of what it holds; where `build` returns all files and links of it, it
        is not walked again.
        """
        final = self.path(kind, key)
        if final.exists():
            return final
        # Not the lock of those who use it: they may hold that for hours.
        with self.lock(kind, f"{key}.build"):
            if final.exists():
                return final
            self._build(final, build, marked)
        return final

    def _build(self, final: Path, build: Build, marked: bool) -> None:
        building = self.root / ".building"
        building.mkdir(parents=True, exist_ok=True)
        final.parent.mkdir(parents=True, exist_ok=True)
        workspace = Path(tempfile.mkdtemp(prefix=final.name[:40] + ".", dir=building))
        try:
            target = workspace / "entry"
            known = build(target)
            if marked:
                folders, files = marks.walk(target) if known is None else marks.told(known)
                marks.make_room(target, files)
                found = marks.Found(folders, files, known or {})
                marks.write(self.root, final.parent.name, final.name, target, found)
            sync_tree(target)
            _move(target, final)
            sync_folder(final.parent)
        except OSError as error:
            if error.errno in (28, 122):  # ENOSPC, EDQUOT
                raise Unavailable(
                    "disk-full",
                    f"No room in the cache for {final.parent.name}/{final.name}",
                    hint=f"Free some space under {self.root}, then try again.",
                ) from error
            raise
        finally:
            remove_tree(workspace)

    @contextmanager
    def lock(self, kind: str, key: str, *, shared: bool = False) -> Iterator[None]:
        """Hold the lock of one entry; it is freed with the process, however that ends."""
        with self.open_lock(kind, key, shared=shared):
            yield

    @contextmanager
    def open_lock(self, kind: str, key: str, *, shared: bool = False) -> Iterator[int]:
        locks = self.root / ".locks"
        locks.mkdir(parents=True, exist_ok=True)
        fd = os.open(locks / f"{kind}.{key}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
            yield fd
        finally:
            os.close(fd)

    def touch(self, kind: str, key: str) -> None:
        """Note that an entry is used now, where it is used without its lock."""
        with self.open_lock(kind, key, shared=True) as fd:
            os.utime(fd)

    @contextmanager
    def use(self, kind: str, key: str, build: Build) -> Iterator[Path]:
        """`ensure`, and keep eviction away while the block runs."""
        while True:
            self.ensure(kind, key, build)
            with self.open_lock(kind, key, shared=True) as fd:
                final = self.path(kind, key)
                if final.exists():  # else it was evicted between the two
                    os.utime(fd)  # eviction takes first what was not used for longest
                    yield final
                    return

    @contextmanager
    def use_marked(
        self,
        kind: str,
        key: str,
        build: Build,
        *,
        flaw: Callable[[Path], str | None] = lambda path: None,
    ) -> Iterator[Path]:
        """`use` of a folder that is looked at before the block runs: at its mark, and by `flaw`,
        which tells what else is wrong with it.

        A damaged one is set aside and built anew, once. `Unavailable` (`cache-entry-damaged`).
        """
        final = self.path(kind, key)

        def damage() -> str | None:
            return (flaw(final) or marks.damage(self.root, kind, key)) if final.exists() else None

        before = None
        while True:
            self.ensure(kind, key, build, marked=True)
            with self.open_lock(kind, key, shared=True) as fd:
                reason = damage()
                if final.exists() and reason is None:
                    os.utime(fd)
                    yield final
                    return
            if reason and before:
                raise _damaged(final, reason, in_use=False)
            if reason and not self.set_aside(kind, key, damage):
                raise _damaged(final, reason, in_use=True)
            before = reason

    def set_aside(self, kind: str, key: str, damage: Callable[[], str | None]) -> bool:
        """Move an entry out of the way, to be looked at, unless it has no damage any more; False
        when somebody still uses it."""
        with self.try_lock(kind, key, seconds=_OTHERS_LOOK) as free:
            if not free:
                return False
            final = self.path(kind, key)
            reason = damage()
            if reason and final.exists():
                aside = self.root / DAMAGED
                aside.mkdir(parents=True, exist_ok=True)
                _move(final, aside / f"{kind}.{key}.{time.time_ns()}")
                marks.remove(self.root, kind, key)
                _log.warning("%s/%s was damaged, and is set aside: %s", kind, key, reason)
        return True

    @contextmanager
    def try_lock(self, kind: str, key: str, *, seconds: float = 0) -> Iterator[bool]:
        """Whether the entry's lock could be had: nobody uses or makes it."""
        locks = self.root / ".locks"
        locks.mkdir(parents=True, exist_ok=True)
        fd = os.open(locks / f"{kind}.{key}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            yield _locked(fd, time.monotonic() + seconds)
        finally:
            os.close(fd)


def _locked(fd: int, until: float) -> bool:
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(0.02)
        else:
            return True


def _damaged(path: Path, reason: str, *, in_use: bool) -> Unavailable:
    name = f"{path.parent.name}/{path.name}"
    if in_use:
        return Unavailable(
            "cache-entry-damaged",
            f"{name} of this host's cache is damaged, and another task still uses it: {reason}",
            hint="It is made anew when that task has ended. `taxiway cache verify` looks at all.",
        )
    return Unavailable(
        "cache-entry-damaged",
        f"{name} of this host's cache is damaged, and was again when made anew: {reason}",
        hint=f"Look at the disk and the Python installation of this host; {path} may be removed.",
    )


def _move(target: Path, final: Path) -> None:
    """Rename; who is not root may not move a folder that is read-only itself."""
    mode = stat.S_IMODE(target.stat().st_mode)
    if target.is_dir():
        target.chmod(mode | 0o200)
    target.rename(final)
    final.chmod(mode)


def make_read_only(root: Path) -> None:
    """Take the write permission from everything below `root`, links excepted."""
    for folder, _, files in os.walk(root, topdown=False):
        for name in files:
            path = os.path.join(folder, name)  # noqa: PTH118 - 50,000 times
            mode = os.lstat(path).st_mode
            if stat.S_ISREG(mode):
                os.chmod(path, stat.S_IMODE(mode) & ~0o222)  # noqa: PTH101
        os.chmod(folder, 0o555)  # noqa: PTH101


def remove_tree(root: Path) -> None:
    """Remove `root` and all below it, read-only folders too."""
    if not root.exists():
        return
    for folder, _, _ in os.walk(root):
        os.chmod(folder, 0o755)  # noqa: PTH101
    shutil.rmtree(root)


def sync_tree(root: Path) -> None:
    """Flush all that lies below `root` to the disk: one file, or with one call its file system."""
    if root.is_file():
        _fsync(root)
        return
    fd = os.open(root, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if _LIBC.syncfs(fd):  # an fsync per file costs seconds for an environment
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(root))
    finally:
        os.close(fd)


def sync_folder(folder: Path) -> None:
    """Flush the folder's own entries to the disk."""
    _fsync(folder)


def _fsync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
