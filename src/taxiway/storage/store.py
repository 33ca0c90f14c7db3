"""The storage: immutable, content-addressed objects in a folder, S3 or GCS.

Every write is atomic and create-if-absent; what exists is never changed. Only `bundles/` is not
content-addressed, and there the name, a generation, is given out once.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import obstore
from obstore.exceptions import AlreadyExistsError, GenericError, NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url

from taxiway.errors import NotFound, Unavailable

FULL = (errno.ENOSPC, errno.EDQUOT)
_FRESH = timedelta(days=1)


class Object(NamedTuple):
    """One object of a folder, by its name in it."""

    name: str
    bytes: int
    put_at: datetime


class Storage:
    """One storage, by its URL. Safe to share between threads and processes."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._store: ObjectStore
        self.folder: Path | None = None
        if url.startswith("file://"):
            folder = Path(url.removeprefix("file://"))
            folder.mkdir(parents=True, exist_ok=True)
            self.folder = folder
            self._store = LocalStore(prefix=folder)
        else:
            self._store = from_url(url)

    def get(self, key: str) -> bytes:
        """The object's bytes. `NotFound` (`object-not-found`), `Unavailable` (`storage-failed`)."""
        try:
            return bytes(obstore.get(self._store, key).bytes())
        except (FileNotFoundError, NotFoundError):
            raise NotFound(
                "object-not-found", f"The storage has no object {key}", key=key
            ) from None
        except (GenericError, OSError) as error:
            raise _unavailable("read", key, error) from error

    def put(self, key: str, data: bytes | Path) -> bool:
        """Create the object, atomically; False when it is there already. `Unavailable`
        (`storage-full`, `storage-failed`)."""
        try:
            obstore.put(self._store, key, data, mode="create")
        except (AlreadyExistsError, FileExistsError):
            return False
        except (GenericError, OSError) as error:
            raise _unavailable("write", key, error) from error
        return True

    def put_file(self, key: str, path: Path) -> bool:
        """As `put`, for a file that nobody changes any more: a folder takes it without a copy. An
        object that is there already counts as put now: `remove_old` leaves it alone."""
        if self.folder is None:
            return self.put(key, path) or self._renew(key, path)
        final = self.folder / key
        with self._removal(self.folder, shared=True):
            try:
                final.parent.mkdir(parents=True, exist_ok=True)
                made = _linked(path, final)
                os.utime(final)  # the file may be older than what it is put for
            except OSError:  # another disk, or somebody else's file
                return self.put(key, path) or self._renew(key, path)
        return made

    def _renew(self, key: str, path: Path) -> bool:
        """Put an object again that has been there for long; always False."""
        try:
            put_at = obstore.head(self._store, key)["last_modified"]
            if datetime.now(UTC) - put_at > _FRESH:
                obstore.put(self._store, key, path, mode="overwrite")
        except (FileNotFoundError, NotFoundError):
            self.put(key, path)
        except (GenericError, OSError) as error:
            raise _unavailable("write", key, error) from error
        return False

    @contextmanager
    def _removal(self, folder: Path, *, shared: bool) -> Iterator[None]:
        """Held by who puts a file or removes an old one, for that one; freed with the process."""
        fd = os.open(folder / ".removal", os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(fd, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
            yield
        finally:
            fcntl.flock(fd, fcntl.LOCK_UN)  # a process that was forked meanwhile has it, too
            os.close(fd)

    def put_addressed(self, folder: str, data: bytes, suffix: str = "") -> str:
        """Create `folder/<sha256><suffix>` and return the digest."""
        digest = hashlib.sha256(data).hexdigest()
        self.put(f"{folder}/{digest}{suffix}", data)
        return digest

    def exists(self, key: str) -> bool:
        try:
            obstore.head(self._store, key)
        except (FileNotFoundError, NotFoundError):
            return False
        except (GenericError, OSError) as error:
            raise _unavailable("read", key, error) from error
        return True

    def names(self, folder: str) -> Iterator[str]:
        """The names of the objects directly under `folder`, in no order."""
        try:
            for chunk in obstore.list(self._store, prefix=folder + "/"):
                for meta in chunk:
                    yield meta["path"].removeprefix(folder + "/")
        except (GenericError, OSError) as error:
            raise _unavailable("list", folder, error) from error

    def objects(self, folder: str) -> Iterator[Object]:
        """The objects directly under `folder`, in no order."""
        try:
            for chunk in obstore.list(self._store, prefix=folder + "/"):
                for meta in chunk:
                    name = meta["path"].removeprefix(folder + "/")
                    yield Object(name, int(meta["size"]), meta["last_modified"])
        except (GenericError, OSError) as error:
            raise _unavailable("list", folder, error) from error

    def remove(self, key: str) -> None:
        """Remove an object that nothing names any more; one that is gone is no fault."""
        try:
            obstore.delete(self._store, key)
        except (FileNotFoundError, NotFoundError):
            return
        except (GenericError, OSError) as error:
            raise _unavailable("remove", key, error) from error

    def remove_old(self, key: str, before: datetime) -> bool:
        """Remove an object that nobody has put since `before`; whether it is gone now. Nobody can
        put it into a folder meanwhile; elsewhere the moment between two requests is left."""
        if self.folder is None:
            return self._remove_old(key, before)
        with self._removal(self.folder, shared=False):
            return self._remove_old(key, before)

    def _remove_old(self, key: str, before: datetime) -> bool:
        try:
            if obstore.head(self._store, key)["last_modified"] >= before:
                return False
        except (FileNotFoundError, NotFoundError):
            return True
        except (GenericError, OSError) as error:
            raise _unavailable("remove", key, error) from error
        self.remove(key)
        return True

    def download(self, key: str, path: Path) -> None:
        """Write the object to `path`; the caller makes it visible."""
        try:
            with path.open("wb") as file:
                for chunk in obstore.get(self._store, key).stream(min_chunk_size=1 << 20):
                    file.write(chunk)
        except (FileNotFoundError, NotFoundError):
            raise NotFound(
                "object-not-found", f"The storage has no object {key}", key=key
            ) from None
        except OSError as error:
            if error.errno in FULL:  # the disk of `path`, which is none of the storage's
                raise
            raise _unavailable("read", key, error) from error
        except GenericError as error:
            raise _unavailable("read", key, error) from error


def _linked(path: Path, final: Path) -> bool:
    try:
        final.hardlink_to(path)
    except FileExistsError:
        return False
    return True


def _unavailable(verb: str, key: str, error: Exception) -> Unavailable:
    said = str(error).split("\n\nDebug source", 1)[0]
    if re.search(rf"os error ({'|'.join(map(str, FULL))})\b", said):  # obstore gives no number
        return Unavailable(
            "storage-full",
            f"The storage has no room for {key}",
            hint="Free some space, or give it a larger disk; then repeat the call: nothing is lost.",
            key=key,
        )
    return Unavailable(
        "storage-failed",
        f"The storage could not {verb} {key}: {said}",
        hint="Check that the storage is reachable and has room; the call may be repeated.",
        key=key,
    )
