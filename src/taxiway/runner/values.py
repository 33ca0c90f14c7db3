"""The worker's side of values: what a task wrote goes to the storage, what it asks for comes.

The worker never opens a value: it moves bytes and checks digests.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import stat
from pathlib import Path
from typing import Any, BinaryIO

from taxiway.errors import Invalid, Unavailable
from taxiway.runner.artifacts import collect
from taxiway.runner.workspace import Workspace
from taxiway.storage import digests
from taxiway.storage.cache import Cache
from taxiway.storage.store import Storage

_DIGEST = re.compile(r"[0-9a-f]{64}")
_NEW = re.compile(r"new\.[0-9]+\.[0-9]+")
_UNFOLLOWED = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class ValueExchange:
    """Between the workspace of one task and the storage."""

    def __init__(
        self, workspace: Workspace, storage: Storage, cache: Cache, max_size: int = 0
    ) -> None:
        self._workspace = workspace
        self._storage = storage
        self._cache = cache
        self._max_size = max_size
        self._handed = 0
        self._let_go: dict[str, tuple[int, int]] = {}  # what `name` took: size, time of change

    def name(self, written: str) -> tuple[str, int]:
        """Digest and size of a file that the task has written to `out/` and closed. It is out of
        the task's reach from now on, and kept until `store` is told its digest."""
        if not _NEW.fullmatch(written):
            raise Invalid("value-damaged", f"The task cannot have written {written[:100]!r}")
        taken = self._workspace.kept / written
        try:
            (self._workspace.out / written).rename(taken)
            _own(taken)
            digest = digests.name_of(taken)
            self._let_go[digest] = _state(taken)
            taken.replace(self._workspace.kept / digest)
        except OSError as error:
            raise Invalid("value-damaged", f"The task did not write {written}: {error}") from error
        return digest, self._let_go[digest][0]

    def store(self, named: Any, *, final: bool = False) -> None:
        """Put files that the task wrote to `out/` under `values/<digest>`.

        Each is taken out of the task's reach first, so what is stored is what was checked: as a
        copy, or, when no process of the task is left (`final`), the file itself.
        """
        if not isinstance(named, list):
            raise Invalid("value-damaged", "The task named its files in no list")
        for digest in dict.fromkeys(named):
            _require_digest(digest)
            kept = self._workspace.kept / digest
            try:
                if not self._is_kept(digest, kept, final=final):
                    raise Invalid(
                        "value-damaged", f"The value {digest} changed while it was stored"
                    )
                self._put(digest, kept)
            finally:
                if digest not in self._let_go:
                    kept.unlink(missing_ok=True)

    def _is_kept(self, digest: str, kept: Path, *, final: bool) -> bool:
        """Whether what is kept now is what was named."""
        if digest in self._let_go:
            return self._let_go[digest] == _state(kept)
        return digest == (self._move_out(digest, kept) if final else self._copy_out(digest, kept))

    def _put(self, digest: str, kept: Path) -> None:
        """What was looked at now need not be read again; putting it changes its time."""
        folder = self._storage.folder
        stored = None if folder is None else folder / "values" / digest
        was_noted = stored is not None and digests.is_noted(stored, digest)
        self._storage.put_file(f"values/{digest}", kept)
        if stored is not None and (was_noted or stored.samefile(kept)):
            digests.note(stored, digest)
        if digest in self._let_go:
            self._let_go[digest] = _state(kept)

    def store_artifacts(self) -> tuple[dict[str, Any], ...]:
        """What the task left in its folder of artifacts, kept; no process of it is left."""
        return collect(self._workspace.artifacts, self._keep, self._max_size)

    def _keep(self, path: Path) -> str:
        kept = self._workspace.kept / "artifact"
        try:
            digest = _take(path, kept)
            self._storage.put_file(f"values/{digest}", kept)
        finally:
            kept.unlink(missing_ok=True)
        return digest

    def take(self, name: str, *, limit: int) -> bytes:
        """A long message, from `out/`."""
        fd = self._open_out(name)
        with os.fdopen(fd, "rb") as file:
            data = file.read(limit + 1)
        (self._workspace.out / name).unlink()
        if len(data) > limit:
            raise ValueError("the message is too long")
        return data

    def fetch(self, digest: str, *, shown: bool = False) -> Path:
        """The value's file, in the workspace, as a link to or a copy of what the storage or the
        cache has; its hash is checked. User code is told the path where it is `shown`.
        `Unavailable` (`value-damaged`)."""
        _require_digest(digest)
        given = self._workspace.inside / (f"{digest}.shown" if shown else digest)
        if given.exists():
            return given
        if self._link_stored(digest, given, shown=shown):
            return given
        with self._cache.use(
            "values", digest, lambda target: self._download(digest, target)
        ) as path:
            try:
                given.hardlink_to(path)
            except OSError:
                shutil.copyfile(path, given)
                given.chmod(0o444)
            is_whole = digests.is_still_named(path, digest)
        if not is_whole:
            given.unlink()
            self._cache.set_aside("values", digest, lambda: "its bytes differ from its name")
            raise _damaged(digest)
        return given

    def _link_stored(self, digest: str, given: Path, *, shown: bool) -> bool:
        """Without a copy, from a storage on the same disk. The owner of a file could make it
        writable: user code that runs as the owner is not shown it."""
        if self._storage.folder is None:
            return False
        stored = self._storage.folder / "values" / digest
        try:
            status = stored.stat()
            own = status.st_uid == self._workspace.out.stat().st_uid
            if (own and shown) or status.st_mode & 0o222:
                return False
            given.hardlink_to(stored)
        except OSError:
            return False
        if not digests.is_still_named(given, digest):
            given.unlink()
            raise _damaged(digest)
        return True

    def hand_over(self, data: bytes) -> Path:
        """A long answer, as a file that the task can read."""
        self._handed += 1
        path = self._workspace.inside / f"answer.{self._handed}"
        path.write_bytes(data)
        path.chmod(0o444)
        return path

    def _download(self, digest: str, target: Path) -> None:
        self._storage.download(f"values/{digest}", target)
        target.chmod(0o444)

    def _open_out(self, name: str) -> int:
        path = self._workspace.out / name
        try:
            fd = os.open(path, os.O_RDONLY | _UNFOLLOWED)
        except OSError as error:
            raise Invalid("value-damaged", f"The task did not write {name}: {error}") from error
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise Invalid("value-damaged", f"What the task wrote as {name} is no file")
        return fd

    def _move_out(self, digest: str, kept: Path) -> str:
        os.close(self._open_out(digest))
        return _take(self._workspace.out / digest, kept)

    def _copy_out(self, digest: str, kept: Path) -> str:
        with os.fdopen(self._open_out(digest), "rb") as source:
            found = _copy(source, kept)
        (self._workspace.out / digest).unlink()
        return found


def _take(path: Path, kept: Path) -> str:
    """Move a file of the task to `kept`, ours and read-only; its digest. One that has other
    names, by which it could be changed, is copied."""
    if path.lstat().st_nlink > 1:
        with path.open("rb") as source:
            return _copy(source, kept)
    path.rename(kept)
    os.chown(kept, os.geteuid(), os.getegid())
    kept.chmod(0o444)
    return digests.sha256_of(kept)


def _own(taken: Path) -> None:
    """Make a file that the task closed ours and read-only; where somebody can still write to it,
    by another name or an open file, a copy stands in for it."""
    with os.fdopen(os.open(taken, os.O_RDONLY | _UNFOLLOWED), "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise OSError(f"{taken.name} is no file")
        os.fchown(file.fileno(), os.geteuid(), os.getegid())
        os.fchmod(file.fileno(), 0o444)
        if found.st_nlink == 1 and _nobody_writes(file.fileno()):
            return
        copy = taken.with_name(f"{taken.name}.copy")
        _copy(file, copy)
    copy.replace(taken)


def _nobody_writes(fd: int) -> bool:
    """Linux gives a lease for reading on a file that no process has open for writing."""
    try:
        fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)  # passed over, should one open it now
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except (OSError, AttributeError):  # somebody does, or it cannot be told here
        return False
    return True


def _copy(source: BinaryIO, kept: Path) -> str:
    with kept.open("wb") as copy:
        shutil.copyfileobj(source, copy, 1 << 20)
    kept.chmod(0o444)
    return digests.sha256_of(kept)


def _state(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _damaged(digest: str) -> Unavailable:
    return Unavailable(
        "value-damaged",
        f"What is kept under values/{digest} differs from its name",
        hint="The object was damaged: remove it, then run the task that made it again.",
    )


def _require_digest(digest: Any) -> None:
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise Invalid("value-damaged", f"{digest!r} is no digest of a value")
