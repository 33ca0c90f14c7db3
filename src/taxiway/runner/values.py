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
from typing import Any

from taxiway.errors import Invalid, Unavailable
from taxiway.runner.workspace import Workspace
from taxiway.storage.cache import Cache
from taxiway.storage.store import Storage

_DIGEST = re.compile(r"[0-9a-f]{64}")
_CHUNK = 1 << 20


class ValueExchange:
    """Between the workspace of one task and the storage."""

    def __init__(self, workspace: Workspace, storage: Storage, cache: Cache) -> None:
        self._workspace = workspace
        self._storage = storage
        self._cache = cache
        self._handed = 0

    def store(self, digests: Any) -> None:
        """Put files that the task wrote to `out/` under `values/<digest>`.

        Each is copied out of the task's reach first, so what is stored is what was checked.
        """
        if not isinstance(digests, list):
            raise Invalid("value-damaged", "The task named its files in no list")
        for digest in dict.fromkeys(digests):
            _require_digest(digest)
            kept = self._workspace.kept / digest
            try:
                if self._copy_out(digest, kept) != digest:
                    raise Invalid(
                        "value-damaged", f"The value {digest} changed while it was stored"
                    )
                self._storage.put(f"values/{digest}", kept)
            finally:
                kept.unlink(missing_ok=True)

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
        """The value's file, in the workspace, as a link to or a copy of the one in the cache."""
        _require_digest(digest)
        given = self._workspace.inside / digest
        if given.exists():
            return given
        with self._cache.use(
            "values", digest, lambda target: self._download(digest, target)
        ) as path:
            try:
                given.hardlink_to(path)
            except OSError:
                shutil.copyfile(path, given)
                given.chmod(0o444)
        return given

    def hand_over(self, data: bytes) -> Path:
        """A long answer, as a file that the task can read."""
        self._handed += 1
        path = self._workspace.inside / f"answer.{self._handed}"
        path.write_bytes(data)
        path.chmod(0o444)
        return path

    def _download(self, digest: str, target: Path) -> None:
        self._storage.download(f"values/{digest}", target)
        with target.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != digest:
            raise Unavailable(
                "value-damaged",
                f"The storage holds something else under values/{digest}",
                hint="The object was damaged: remove it, then run the task that made it again.",
            )
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

    def _copy_out(self, digest: str, kept: Path) -> str:
        found = hashlib.sha256()
        with os.fdopen(self._open_out(digest), "rb") as source, kept.open("wb") as copy:
            while chunk := source.read(_CHUNK):
                found.update(chunk)
                copy.write(chunk)
        (self._workspace.out / digest).unlink()
        return found.hexdigest()


def _require_digest(digest: Any) -> None:
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise Invalid("value-damaged", f"{digest!r} is no digest of a value")
