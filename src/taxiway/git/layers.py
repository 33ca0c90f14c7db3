"""A layer: files of a tree as one deterministic tar.zst, and its strict reader.

Only regular files, folders and links are written, and only they are read; links come last, so
that nothing is ever written through one.

A snapshot is a chain of layers: a full one, then each what changed since the one before. Each
`Step` says what the chain makes up to it, so a host begins with the newest of these that it has:
what is the same is linked, and only the layers above it are brought.
"""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import zstandard

from taxiway.git.trees import FILE, LINK, PROGRAM, SUBMODULE, TreeEntry, object_id, tree_id
from taxiway.storage.marks import File as Known

_BLOCK = 1 << 20
_BUFFER = 1 << 15  # tarfile copies all of it for each member
_WINDOW = 1 << 27


class BadLayer(Exception):
    """The layer is not what its digest or its tree says."""


@dataclass(frozen=True)
class Layer:
    """A layer in the storage: the digest of its bytes, its size, and what it unpacks to."""

    digest: str
    size: int
    entries: int
    bytes: int


@dataclass(frozen=True)
class Step:
    """One layer of a chain: what is removed before it is laid over the one below, and the
    snapshot that it makes."""

    layer: Layer
    makes: str
    removed: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        found = {**vars(self.layer), "makes": self.makes}
        return found | {"removed": list(self.removed)} if self.removed else found

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any], tree: str) -> Step:
        """`tree`: what a chain of one layer makes, which older manifests did not say."""
        rest = {k: v for k, v in raw.items() if k not in ("makes", "removed")}
        return cls(Layer(**rest), raw.get("makes", tree), tuple(raw.get("removed", ())))


def write_layer(contents: Iterable[tuple[TreeEntry, bytes | Path]], path: Path) -> Layer:
    """Write files, links and empty folders (for submodules) in the order given, links last. What
    is large is given as a file."""
    entries = total = 0
    links: list[tuple[TreeEntry, bytes]] = []
    with path.open("wb") as file:
        hashing = _Hashing(file)
        compressor = zstandard.ZstdCompressor(level=3)
        with (
            compressor.stream_writer(hashing, closefd=False) as packed,  # type: ignore[arg-type]
            tarfile.open(fileobj=packed, mode="w|", format=tarfile.GNU_FORMAT, bufsize=_BUFFER, encoding="utf-8", errors="surrogateescape") as tar,
        ):  # fmt: skip
            for entry, data in contents:
                entries += 1
                if isinstance(data, Path):
                    total += _add_file(tar, entry, data)
                    continue
                total += len(data)
                if entry.mode == LINK:
                    links.append((entry, data))
                else:
                    tar.addfile(_member(entry, data), io.BytesIO(data))
            for entry, data in links:
                tar.addfile(_member(entry, data))
    return Layer(hashing.digest.hexdigest(), hashing.size, entries, total)


def _add_file(tar: tarfile.TarFile, entry: TreeEntry, source: Path) -> int:
    member = _member(entry, b"")
    member.size = source.stat().st_size
    with source.open("rb") as file:
        tar.addfile(member, file)
    return member.size


def _member(entry: TreeEntry, data: bytes) -> tarfile.TarInfo:
    member = tarfile.TarInfo(entry.path)
    if entry.mode == SUBMODULE:
        member.type, member.mode = tarfile.DIRTYPE, 0o755
    elif entry.mode == LINK:
        member.type, member.mode = tarfile.SYMTYPE, 0o777
        member.linkname = data.decode("utf-8", "surrogateescape")
    else:
        member.mode = 0o755 if entry.mode == PROGRAM else 0o644
        member.size = len(data)
    return member


class _Hashing:
    """A file that is read or written front to back, and hashed on the way."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        self.size += len(data)
        return self._file.write(data)

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        self.size += len(data)
        return data

    def flush(self) -> None:
        self._file.flush()


@dataclass
class Unpacked:
    """What a layer held, as the entries of a tree; `folders` are empty ones, for submodules."""

    entries: list[tuple[str, str, str]] = field(default_factory=list)
    links: dict[str, str] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    known: dict[str, Known] = field(default_factory=dict)  # of what was written, or linked

    def add(self, other: Unpacked) -> None:
        self.entries += other.entries
        self.links |= other.links
        self.folders |= other.folders
        self.known |= other.known

    def tree(self, submodules: dict[str, str]) -> str:
        """The id of the tree that was unpacked, with the commits of its submodules."""
        if self.folders != set(submodules):
            raise BadLayer("its folders are not its submodules")
        return tree_id([*self.entries, *((p, SUBMODULE, c) for p, c in submodules.items())])


def unpack_layer(
    packed: Path, layer: Layer, root: Path, skip: Container[str] = frozenset()
) -> Unpacked:
    """Unpack below `root`, which exists and has nothing of the same name but in `skip`. Files and
    folders are made read-only but for the folders' write permission. `BadLayer` when it is not
    the layer that it should be; links are returned, not made.
    """
    found = Unpacked()
    known = {""}
    with packed.open("rb") as file:
        hashing = _Hashing(file)
        try:
            for member, data in _members(hashing, layer):
                if member.name in skip:
                    continue
                parent = member.name.rpartition("/")[0]
                if parent not in known:
                    _make_folders(root, parent, known)
                _place(member, data, root, found)
        except (
            tarfile.TarError,
            zstandard.ZstdError,
            FileExistsError,
            NotADirectoryError,
        ) as error:
            raise BadLayer(str(error)) from error
        while hashing.read(_BLOCK):
            pass
    if hashing.digest.hexdigest() != layer.digest:
        raise BadLayer(f"its bytes are {hashing.digest.hexdigest()}")
    return found


def _members(file: _Hashing, layer: Layer) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    unpacking = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
    left, entries = layer.bytes, layer.entries
    with (
        unpacking.stream_reader(file, closefd=False) as stream,  # type: ignore[arg-type]
        tarfile.open(fileobj=stream, mode="r|", bufsize=_BUFFER, encoding="utf-8", errors="surrogateescape") as tar,
    ):  # fmt: skip
        for member in tar:
            size = len(os.fsencode(member.linkname)) if member.issym() else member.size
            left, entries = left - size, entries - 1
            if left < 0 or entries < 0:
                raise BadLayer("it holds more than it should")
            content = tar.extractfile(member) if member.isreg() else None
            yield member, content or io.BytesIO()
            tar.members = []  # type: ignore[attr-defined]  # else every header stays in memory


def _place(member: tarfile.TarInfo, content: IO[bytes], root: Path, found: Unpacked) -> None:
    name = member.name
    if not {"", ".", "..", ".git"}.isdisjoint(name.split("/")):
        raise BadLayer(f"it holds {name!r}")
    if member.isreg():
        program = bool(member.mode & 0o100)
        place = os.path.join(root, name)  # noqa: PTH118 - 50,000 times
        mode = 0o555 if program else 0o444
        oid, digest = _write(place, content, member.size, mode)
        found.entries.append((name, PROGRAM if program else FILE, oid))
        found.known[name] = (name, mode, member.size, digest)
    elif member.issym():
        found.links[name] = member.linkname
        target = member.linkname.encode("utf-8", "surrogateescape")
        found.entries.append((name, LINK, object_id(b"blob", target)))
    elif member.isdir():
        (root / name).mkdir()
        found.folders.add(name)
    else:
        raise BadLayer(f"it holds {name!r} of type {member.type!r}")


def _write(path: str, content: IO[bytes], size: int, mode: int) -> tuple[str, str]:
    """The id of the file that was written, as git has it, and its sha256."""
    oid = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    digest = hashlib.sha256()
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    try:
        while data := content.read(_BLOCK):
            oid.update(data)
            digest.update(data)
            view = memoryview(data)
            while view:
                view = view[os.write(fd, view) :]
        os.fchmod(fd, mode)  # whatever the umask is: a task may run as another user
        return oid.hexdigest(), digest.hexdigest()
    finally:
        os.close(fd)


def _make_folders(root: Path, folder: str, known: set[str]) -> None:
    if not {"", ".", ".."}.isdisjoint(folder.split("/")):
        raise BadLayer(f"it holds {folder!r}")
    (root / folder).mkdir(parents=True, exist_ok=True)
    known.add(folder)
