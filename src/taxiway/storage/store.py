"""The storage: immutable, content-addressed objects in a folder, S3 or GCS.

Every write is atomic and create-if-absent; what exists is never changed. Only `bundles/` is not
content-addressed, and there the name, a generation, is given out once.
"""

from __future__ import annotations

import errno
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import obstore
from obstore.exceptions import AlreadyExistsError, GenericError, NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url

from taxiway.errors import NotFound, Unavailable

FULL = (errno.ENOSPC, errno.EDQUOT)


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
        """As `put`, for a file that nobody changes any more: a folder takes it without a copy."""
        if self.folder is None:
            return self.put(key, path)
        final = self.folder / key
        try:
            final.parent.mkdir(parents=True, exist_ok=True)
            final.hardlink_to(path)
        except FileExistsError:
            return False
        except OSError:  # another disk
            return self.put(key, path)
        return True

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

    def sizes(self, folder: str) -> Iterator[tuple[str, int]]:
        """The names of the objects directly under `folder`, each with its bytes, in no order."""
        try:
            for chunk in obstore.list(self._store, prefix=folder + "/"):
                for meta in chunk:
                    yield meta["path"].removeprefix(folder + "/"), int(meta["size"])
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
