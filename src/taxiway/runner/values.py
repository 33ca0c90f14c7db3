"""The worker's side of values: what a task wrote goes to the storage, what it asks for comes.

The worker never opens a value: it moves bytes and checks digests.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
from pathlib import Path
from typing import Any, BinaryIO

from taxiway.errors import Invalid, Unavailable
from taxiway.runner.artifacts import collect
from taxiway.runner.workspace import Workspace
from taxiway.storage.cache import Cache
from taxiway.storage.store import Storage

_DIGEST = re.compile(r"[0-9a-f]{64}")
_CHUNK = 1 << 20


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

    def store(self, digests: Any, *, final: bool = False) -> None:
        """Put files that the task wrote to `out/` under `values/<digest>`.

        Each is taken out of the task's reach first, so what is stored is what was checked: as a
        copy, or, when no process of the task is left (`final`), the file itself.
        """
        if not isinstance(digests, list):
            raise Invalid("value-damaged", "The task named its files in no list")
        for digest in dict.fromkeys(digests):
            _require_digest(digest)
            kept = self._workspace.kept / digest
            try:
                found = self._move_out(digest, kept) if final else self._copy_out(digest, kept)
                if found != digest:
                    raise Invalid(
                        "value-damaged", f"The value {digest} changed while it was stored"
                    )
                self._storage.put_file(f"values/{digest}", kept)
            finally:
                kept.unlink(missing_ok=True)

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

    def fetch(self, digest: str) -> Path:
        """The value's file, in the workspace, as a link to or a copy of what the storage or the
        cache has; its hash is checked each time. `Unavailable` (`value-damaged`)."""
        _require_digest(digest)
        given = self._workspace.inside / digest
        if given.exists():
            return given
        if self._link_stored(digest, given):
            return given
        with self._cache.use(
            "values", digest, lambda target: self._download(digest, target)
        ) as path:
            try:
                given.hardlink_to(path)
            except OSError:
                shutil.copyfile(path, given)
                given.chmod(0o444)
            found = _digest_of(given)
        if found != digest:
            given.unlink()
            self._cache.set_aside("values", digest, lambda: "its bytes differ from its name")
            raise _damaged(digest)
        return given

    def _link_stored(self, digest: str, given: Path) -> bool:
        """Without a copy, from a storage on the same disk; where the task runs as another user
        than the owner of the file, which it can therefore not change."""
        if self._storage.folder is None:
            return False
        stored = self._storage.folder / "values" / digest
        try:
            status = stored.stat()
            foreign = status.st_uid != self._workspace.out.stat().st_uid
            if not foreign or status.st_mode & 0o222:
                return False
            given.hardlink_to(stored)
        except OSError:
            return False
        if _digest_of(given) != digest:
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
            fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
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
    return _digest_of(kept)


def _copy(source: BinaryIO, kept: Path) -> str:
    found = hashlib.sha256()
    with kept.open("wb") as copy:
        while chunk := source.read(_CHUNK):
            found.update(chunk)
            copy.write(chunk)
    kept.chmod(0o444)
    return found.hexdigest()


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _damaged(digest: str) -> Unavailable:
    return Unavailable(
        "value-damaged",
        f"What is kept under values/{digest} differs from its name",
        hint="The object was damaged: remove it, then run the task that made it again.",
    )


def _require_digest(digest: Any) -> None:
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise Invalid("value-damaged", f"{digest!r} is no digest of a value")
