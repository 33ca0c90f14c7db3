"""The files that a task hands back: each is named by its digest, and counted against the limit.

A small one is hashed as it is written. A large one is named by the worker, which has to look at
every byte of it anyway.
"""

from __future__ import annotations

import os

from .refusal import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

TAG = "__taxiway__"
_CHUNK = 1 << 20
_SMALL = 1 << 20  # bytes; what is larger is named by the worker


class Outbox:
    """`digests` are the files that were written; `size` is what they take together."""

    def __init__(
        self,
        folder: str,
        max_size: int = 0,
        name: Callable[[str], dict[str, Any]] | None = None,
    ) -> None:
        """`name` has the worker take a file of `folder`, and tell its digest and size."""
        self._folder = folder
        self._limit = max_size
        self._name = name
        self.digests: list[str] = []
        self.size = 0

    def write(self, write: Callable[[Any], Any], place: str) -> tuple[str, int]:
        """Digest and size of what `write(file)` wrote."""
        path = self._new_path()
        try:
            with open(path, "wb") as raw:  # noqa: PTH123
                most = _SMALL if self._name else None
                file = HashingFile(raw, lambda size: self.require_room(size, place), most)
                write(file)
        except BaseException:
            os.unlink(path)  # noqa: PTH108
            raise
        digest = file.digest()
        return self._keep(path, digest, file.size) if digest else self._hand_over(path)

    def copy(self, source: Any, place: str) -> tuple[str, int]:
        """Digest and size of a copy of `source`, a file that is open for reading."""

        def write(file: Any) -> None:
            while chunk := source.read(_CHUNK):
                file.write(chunk)

        return self.write(write, place)

    def adopt(self, write: Callable[[str], Any], place: str) -> tuple[str, int]:
        """As `write`, for libraries that write to a path."""
        path = self._new_path()
        try:
            write(path)
            size = os.path.getsize(path)  # noqa: PTH202
            self.require_room(size, place)
        except BaseException:
            if os.path.exists(path):  # noqa: PTH110
                os.unlink(path)  # noqa: PTH108
            raise
        if self._name and size > _SMALL:
            return self._hand_over(path)
        digest, size = digest_of(path)
        return self._keep(path, digest, size)

    def reference(
        self, form: str, written: tuple[str, int], value: Any, summary: dict[str, Any]
    ) -> dict[str, Any]:
        """What stands for the value where it was."""
        digest, size = written
        return {
            TAG: "value",
            "digest": digest,
            "format": form,
            "type": type_name(value),
            "size": size,
            "summary": summary,
        }

    def require_room(self, size: int, place: str) -> None:
        """`Refused` (`value-too-large`) before more than the limit is written."""
        if self._limit and self.size + size > self._limit:
            raise Refused(
                "TaskFailed",
                "value-too-large",
                f"{place} would make the value larger than {self._limit:,} bytes, the limit "
                "TAXIWAY_VALUE_MAX_SIZE of the workers",
                "Return less of it, keep it elsewhere and return its address, or raise the limit.",
            )

    def _new_path(self) -> str:
        return os.path.join(self._folder, f"new.{len(self.digests)}.{id(self)}")  # noqa: PTH118

    def _keep(self, path: str, digest: str, size: int) -> tuple[str, int]:
        os.replace(path, os.path.join(self._folder, digest))  # noqa: PTH105, PTH118
        return self._count(digest, size)

    def _hand_over(self, path: str) -> tuple[str, int]:
        named = self._name(os.path.basename(path)) if self._name else {}  # noqa: PTH119
        return self._count(str(named["digest"]), int(named["size"]))

    def _count(self, digest: str, size: int) -> tuple[str, int]:
        if digest not in self.digests:
            self.digests.append(digest)
            self.size += size
        return digest, size


class HashingFile:
    """A file that knows the digest of what was written to it, if that is at `most` so much."""

    def __init__(
        self, file: Any, require_room: Callable[[int], None], most: int | None = None
    ) -> None:
        self._file, self.size = file, 0
        self._hash: Any = None
        self._require_room = require_room
        self._most = most

    def write(self, data: Any) -> int:
        size = memoryview(data).nbytes
        self._require_room(self.size + size)
        if self._is_hashed(self.size + size):
            self._update(data)
        self.size += size
        self._file.write(data)
        return size

    def flush(self) -> None:
        self._file.flush()

    def tell(self) -> int:
        return self.size

    def digest(self) -> str | None:
        if not self._is_hashed(self.size):
            return None
        self._update(b"")
        return str(self._hash.hexdigest())

    def _is_hashed(self, size: int) -> bool:
        return self._most is None or size <= self._most

    def _update(self, data: Any) -> None:
        if self._hash is None:
            import hashlib  # noqa: PLC0415 - loads OpenSSL

            self._hash = hashlib.sha256()
        self._hash.update(data)


def digest_of(path: str) -> tuple[str, int]:
    import hashlib  # noqa: PLC0415

    found, size = hashlib.sha256(), 0
    with open(path, "rb") as file:  # noqa: PTH123
        while chunk := file.read(_CHUNK):
            found.update(chunk)
            size += len(chunk)
    return found.hexdigest(), size


def type_name(value: Any) -> str:
    kind = type(value)
    return (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )


def shown(key: Any) -> str:
    """A key, as the place of a part names it."""
    return repr(key)[:60]
