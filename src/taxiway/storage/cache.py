"""The cache of one host: entries made once, whole or not at all, shared by its processes.

Every entry is made the same way: look; lock its own key; look again; build beside; fsync; rename.
The rename is what makes it visible, so a reader needs no lock to know that an entry is complete.
Readers hold a shared lock while they use one, so that eviction cannot take it from under them.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from taxiway.errors import Unavailable

_LIBC = ctypes.CDLL(None, use_errno=True)


class Cache:
    """A folder of entries `<kind>/<key>`, each a file or a read-only folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, kind: str, key: str) -> Path:
        """Where the entry is, or would be."""
        return self.root / kind / key

    def ensure(self, kind: str, key: str, build: Callable[[Path], None]) -> Path:
        """The entry's path; `build(target)` makes it where it is missing.

        `target` does not exist yet: `build` creates it, as a file or a folder. One process
        builds, the others wait. When `build` raises, nothing becomes visible.
        """
        final = self.path(kind, key)
        if final.exists():
            return final
        with self.lock(kind, key):
            if final.exists():
                return final
            self._build(final, build)
        return final

    def _build(self, final: Path, build: Callable[[Path], None]) -> None:
        building = self.root / ".building"
        building.mkdir(parents=True, exist_ok=True)
        final.parent.mkdir(parents=True, exist_ok=True)
        workspace = Path(tempfile.mkdtemp(prefix=final.name[:40] + ".", dir=building))
        try:
            target = workspace / "entry"
            build(target)
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

    @contextmanager
    def use(self, kind: str, key: str, build: Callable[[Path], None]) -> Iterator[Path]:
        """`ensure`, and keep eviction away while the block runs."""
        while True:
            self.ensure(kind, key, build)
            with self.open_lock(kind, key, shared=True):
                final = self.path(kind, key)
                if final.exists():  # else it was evicted between the two
                    yield final
                    return


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
