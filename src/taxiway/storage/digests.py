"""The names of stored files: what their bytes come to, and when that was last looked at.

A file is named by its sha256. The sha256 of a large value is taken of its pieces, side by side,
and then of theirs: one after the other, that alone would cost more than to write the file. What
is named by its sha256 at any size, as an artifact is, is known by its name all the same.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

LARGE = 32 << 20  # bytes; from there on a value is named by its pieces
PIECE = 4 << 20
FRESH = 3600  # seconds, for which a file that has not changed is what it was found to be
_READ = 512 << 10  # stays in the processor's own cache
_PREFIX = b"taxiway-pieces\n"  # no file of this size has this digest
_NOTE = "user.taxiway.named"  # of the file itself: it goes where the file goes, and with it


def name_of(path: Path) -> str:
    """What a value of these bytes is named."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        return _of_pieces(file.fileno(), size) if size >= LARGE else _whole(file.fileno())


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return _whole(file.fileno())


def is_named(path: Path, digest: str) -> bool:
    """Whether the file is what its name says, by reading all of it."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size >= LARGE and _of_pieces(file.fileno(), size) == digest:
            return True
        return _whole(file.fileno()) == digest


def is_still_named(path: Path, digest: str) -> bool:
    """As `is_named`; a file that was looked at lately, and has not changed since, is not read."""
    if is_noted(path, digest):
        return True
    if not is_named(path, digest):
        return False
    note(path, digest)
    return True


def note(path: Path, digest: str) -> None:
    """Remember that the file is what its name says. Only who may change it can."""
    try:
        found = path.stat()
        text = f"{digest} {found.st_size} {found.st_mtime_ns} {int(time.time())}"
        os.setxattr(path, _NOTE, text.encode("ascii"))
    except (OSError, AttributeError):  # not every file system keeps notes
        return


def is_noted(path: Path, digest: str) -> bool:
    """Whether the file was looked at lately, and has not changed since."""
    try:
        text = os.getxattr(path, _NOTE).decode("ascii")
        named, size, changed, looked = text.split(" ")
        found = path.stat()
        age = time.time() - int(looked)
    except (OSError, ValueError, AttributeError):
        return False
    same = (named, int(size), int(changed)) == (digest, found.st_size, found.st_mtime_ns)
    return same and stat.S_ISREG(found.st_mode) and 0 <= age + 1 < FRESH


def _whole(fd: int) -> str:
    found = hashlib.sha256()
    for part in _read(fd, 0, os.fstat(fd).st_size):
        found.update(part)
    return found.hexdigest()


def _of_pieces(fd: int, size: int) -> str:
    def piece(begin: int) -> bytes:
        found = hashlib.sha256()
        for part in _read(fd, begin, min(begin + PIECE, size)):
            found.update(part)
        return found.digest()

    with ThreadPoolExecutor(min(os.cpu_count() or 1, 8), "taxiway-digest") as pool:
        pieces = b"".join(pool.map(piece, range(0, size, PIECE)))
    return hashlib.sha256(_PREFIX + size.to_bytes(8, "little") + pieces).hexdigest()


def _read(fd: int, begin: int, end: int) -> Iterator[memoryview]:
    """Each part is gone when the next one is asked for."""
    buffer = bytearray(_READ)
    view = memoryview(buffer)
    while begin < end:
        count = os.preadv(fd, [view[: min(_READ, end - begin)]], begin)
        if not count:
            return
        begin += count
        yield view[:count]
