"""What a folder of the cache must be: written when it becomes visible, looked at before each use.

    <cache>/.marks/<kind>.<key>.json     what is looked at: names at the top, and up to 300 entries
    <cache>/.marks/<kind>.<key>.files    every file with its mode, size and sha256

Byte-code is no part of what an entry is: it is made after, in folders that are there already.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path

BYTECODE = "__pycache__"
LOOKED_AT = 300
_FOLDER = ".marks"
_THREADS = 4
_MANY = 64  # files; from there on threads hash them
_MOST_NAMED = 20  # differences

File = tuple[str, int, int, str]  # path, mode, size, and sha256 or where a link points


@dataclass(frozen=True)
class Mark:
    """`looked_at` holds path, size and time of change of some files and folders."""

    kind: str
    key: str
    files: int
    bytes: int
    manifest: str
    names: list[str]
    looked_at: list[tuple[str, int, int]]
    made_at: float


@dataclass(frozen=True)
class Found:
    """What an entry holds: folders and files by relative paths, and what is `known` of the files
    because they were written or linked just now; the rest is read."""

    folders: list[str]
    files: list[str]
    known: Mapping[str, File] = field(default_factory=dict)


def write(root: Path, kind: str, key: str, target: Path, found: Found | None = None) -> Mark:
    """Mark what `target` holds as the entry `kind/key` of the cache at `root`."""
    found = found or Found(*walk(target))
    files = _describe(target, found.files, found.known)
    manifest = json.dumps(files, separators=(",", ":")).encode()
    mark = Mark(
        kind=kind,
        key=key,
        files=len(files),
        bytes=sum(size for _, _, size, _ in files),
        manifest=hashlib.sha256(manifest).hexdigest(),
        names=_names(target),
        looked_at=[_look(target, path) for path in _choose(found.folders, found.files)],
        made_at=time.time(),
    )
    (root / _FOLDER).mkdir(parents=True, exist_ok=True)
    replace(_place(root, kind, key, "files"), manifest)
    replace(_place(root, kind, key, "json"), json.dumps(asdict(mark)).encode())
    return mark


def read(root: Path, kind: str, key: str) -> Mark | None:
    try:
        raw = json.loads(_place(root, kind, key, "json").read_bytes())
        raw["looked_at"] = [tuple(one) for one in raw["looked_at"]]
        return Mark(**raw)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remove(root: Path, kind: str, key: str) -> None:
    for suffix in ("json", "files", "modules"):
        _place(root, kind, key, suffix).unlink(missing_ok=True)
    for path in (root / _FOLDER).glob(f"{kind}.{key}.{BYTECODE}*"):
        path.unlink(missing_ok=True)


def bytecode(root: Path, kind: str, key: str, python: str) -> Path:
    """The file that is there when the entry's byte-code for this Python is."""
    return _place(root, kind, key, f"{BYTECODE}{python}")


def modules(root: Path, kind: str, key: str) -> Path:
    """The file that names what tasks were seen to import."""
    return _place(root, kind, key, "modules")


def make_room(target: Path, files: Iterable[str]) -> None:
    """A folder for byte-code beside all Python files, so that nothing else changes when it is
    made. One that is there already belongs to the entry."""
    for inner in {path.rpartition("/")[0] for path in files if path.endswith(".py")}:
        folder = f"{target}/{inner}"
        try:
            os.mkdir(f"{folder}/{BYTECODE}", 0o755)  # noqa: PTH102
        except FileExistsError:
            continue
        except PermissionError:  # who is not root may not write to a read-only folder
            mode = stat.S_IMODE(os.lstat(folder).st_mode)
            os.chmod(folder, mode | 0o200)  # noqa: PTH101
            os.mkdir(f"{folder}/{BYTECODE}", 0o755)  # noqa: PTH102
            os.chmod(folder, mode)  # noqa: PTH101


def damage(root: Path, kind: str, key: str) -> str | None:
    """Why the entry is not what was marked, as far as a quick look tells; None when it is."""
    mark = read(root, kind, key)
    if mark is None:
        return "it has no mark"
    target = root / kind / key
    if mark.kind != kind or mark.key != key:
        return "its mark is that of another entry"
    try:
        if _names(target) != mark.names:
            return "its folder has other entries than it was made with"
        for one in mark.looked_at:
            if _look(target, one[0]) != one:
                return f"{one[0]} was changed"
    except OSError as error:
        return f"{error.filename} cannot be read: {error.strerror}"
    return None


def verify(root: Path, kind: str, key: str) -> list[str]:
    """Every difference between the entry and its manifest, by reading every byte of it."""
    mark = read(root, kind, key)
    if mark is None:
        return ["it has no mark"]
    try:
        manifest = _place(root, kind, key, "files").read_bytes()
    except OSError:
        return ["its manifest is missing"]
    if hashlib.sha256(manifest).hexdigest() != mark.manifest:
        return ["its manifest is not the one that was written"]
    expected = {path: (path, *rest) for path, *rest in json.loads(manifest)}
    target = root / kind / key
    try:
        found = {one[0]: one for one in _describe(target, walk(target)[1])}
    except OSError as error:
        return [f"{error.filename} cannot be read: {error.strerror}"]
    return list(_differences(expected, found))[:_MOST_NAMED]


def _differences(
    expected: dict[str, tuple[str | int, ...]], found: dict[str, File]
) -> Iterator[str]:
    for path in sorted(expected.keys() | found.keys()):
        if path not in found:
            yield f"{path} is missing"
        elif path not in expected:
            yield f"{path} was added"
        elif tuple(found[path]) != expected[path]:
            yield f"{path} was changed"


def told(known: Mapping[str, File]) -> tuple[list[str], list[str]]:
    """As `walk`, of an entry whose files and links are all known."""
    files = [path for path in known if BYTECODE not in path or BYTECODE not in path.split("/")[:-1]]
    folders: set[str] = set()
    for folder in {path.rpartition("/")[0] for path in files}:
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    return sorted(folders), files


def walk(target: Path) -> tuple[list[str], list[str]]:
    """Folders and files below `target`, by relative paths, without byte-code of ours."""
    folders, files = list[str](), list[str]()
    left = [""]
    while left:
        folder = left.pop()
        with os.scandir(target / folder) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                path = f"{folder}{entry.name}"
                if not entry.is_dir(follow_symlinks=False):
                    files.append(path)
                elif entry.name != BYTECODE:
                    folders.append(path)
                    left.append(path + "/")
    return folders, files


def _describe(
    target: Path, paths: list[str], known: Mapping[str, File] | None = None
) -> list[File]:
    found = dict(known or {})
    unknown = [path for path in paths if path not in found]
    if len(unknown) < _MANY:
        found |= {path: _file(target, path) for path in unknown}
    else:
        parts = [unknown[start::_THREADS] for start in range(_THREADS)]
        with ThreadPoolExecutor(_THREADS) as pool:
            for some in pool.map(lambda part: [_file(target, path) for path in part], parts):
                found |= {one[0]: one for one in some}
    return [found[path] for path in paths]


def _file(target: Path, path: str) -> File:
    whole = f"{target}/{path}"
    found = os.lstat(whole)
    if stat.S_ISLNK(found.st_mode):
        return path, stat.S_IMODE(found.st_mode), found.st_size, os.readlink(whole)  # noqa: PTH115
    with open(whole, "rb") as file:  # noqa: PTH123 - 50,000 times
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return path, stat.S_IMODE(found.st_mode), found.st_size, digest


def _choose(folders: list[str], files: list[str]) -> list[str]:
    """All of a small entry; of a large one its upper levels, and some of the rest evenly."""
    everything = sorted([*folders, *files], key=lambda path: (path.count("/"), path))
    if len(everything) <= LOOKED_AT:
        return everything
    upper, rest = everything[: LOOKED_AT // 2], everything[LOOKED_AT // 2 :]
    return [*upper, *rest[:: -(-len(rest) // (LOOKED_AT // 2))]]


def _look(target: Path, path: str) -> tuple[str, int, int]:
    found = os.lstat(f"{target}/{path}")
    size = 0 if stat.S_ISDIR(found.st_mode) else found.st_size
    return path, size, found.st_mtime_ns


def _names(target: Path) -> list[str]:
    return sorted(name for name in os.listdir(target) if name != BYTECODE)  # noqa: PTH208


def _place(root: Path, kind: str, key: str, suffix: str) -> Path:
    return root / _FOLDER / f"{kind}.{key}.{suffix}"


def replace(path: Path, data: bytes) -> None:
    """Write a file beside, and put it in the place of the one that is there."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    fresh.write_bytes(data)
    fresh.replace(path)
