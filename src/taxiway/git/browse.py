"""Reads the bare stores of a mirror by pygit2: no process, no work tree, no network.

Nothing of the disk is reached but the store's own objects. A link is the text that it holds and is
never followed; a path is walked name by name through trees, so `..` or a root leads nowhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

import pygit2
from pygit2.enums import FileMode

from taxiway.errors import Invalid, NotFound
from taxiway.git.names import PATH_DEPTH, check_path
from taxiway.git.objects import DamagedStore, opened

T = TypeVar("T")
Kind = Literal["file", "folder", "link", "submodule"]

FILE_BYTES = 2 * 1000**2  # of a file that is shown
_LINK_BYTES = 4096
_KINDS: dict[int, Kind] = {
    FileMode.TREE: "folder",
    FileMode.LINK: "link",
    FileMode.COMMIT: "submodule",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a folder. `size` of files and links; `target` is the text of a link."""

    name: str
    path: str
    kind: Kind
    id: str
    mode: str
    size: int | None = None
    target: str | None = None


class Listed(NamedTuple):
    """An entry of a folder, in the order in which it is shown."""

    is_no_folder: bool
    name: str
    mode: int
    id: bytes


def reading(store: Path, read: Callable[[pygit2.Repository], T]) -> T:
    """`read` on a store; `DamagedStore` when something in it is missing or does not match."""
    with opened(store) as repository:
        try:
            return read(repository)
        except (pygit2.GitError, KeyError) as error:
            raise DamagedStore(str(error)) from error


def root_of(repository: pygit2.Repository, commit: str) -> pygit2.Tree:
    found = repository[commit].peel(pygit2.Commit)
    return found.tree


def entry_at(repository: pygit2.Repository, commit: str, path: str) -> pygit2.Object:
    """The entry at `path`; `NotFound` (`path-not-found`), `Invalid` (`path-is-link`,
    `path-is-submodule`) where the way leads through one."""
    here: pygit2.Object = root_of(repository, commit)
    parts = check_path(path).split("/")
    for depth, name in enumerate(parts):
        if depth:
            here = _folder(repository, here, "/".join(parts[:depth]), path)
        if not isinstance(here, pygit2.Tree) or name not in here:
            raise path_not_found(path, commit)
        here = here[name]
    return here


def folder_at(repository: pygit2.Repository, commit: str, path: str) -> pygit2.Tree:
    """The folder at `path`, the root where it is empty; `Invalid` (`path-is-file`)."""
    if not path:
        return root_of(repository, commit)
    entry = entry_at(repository, commit, path)
    found = _folder(repository, entry, path, path)
    if not isinstance(found, pygit2.Tree):
        raise Invalid(
            "path-is-file",
            f"{path} is a file, not a folder",
            hint="GET …/file reads it.",
        )
    return found


def listing(repository: pygit2.Repository, folder: pygit2.Tree) -> Sequence[Listed]:
    """What lies directly in a folder, as it is shown: folders first, then by name."""
    _, data = repository.odb.read(folder.id)
    try:
        return _listed(data)
    except ValueError as error:
        raise DamagedStore(str(error)) from error


@lru_cache(maxsize=8)
def _listed(data: bytes) -> Sequence[Listed]:
    """From the bytes of a tree: libgit2 would make an object of every entry, which takes a folder
    of 20,000 files longer than all else."""
    found, at = [], 0
    while at < len(data):
        end = data.index(b"\0", at)
        mode, _, name = data[at:end].partition(b" ")
        number = int(mode, 8)
        found.append(Listed(number != FileMode.TREE, shown(name), number, data[end + 1 : end + 21]))
        at = end + 21
    return sorted(found)


def describe(repository: pygit2.Repository, entry: Listed, folder: str) -> Entry:
    """The entry as it is shown; its size and a link's text are read for it."""
    kind = _KINDS.get(entry.mode, "file")
    oid = entry.id.hex()
    size, target = None, None
    if kind in ("file", "link"):
        _, size = repository.odb.read_header(oid)
    if kind == "link" and size is not None and size <= _LINK_BYTES:
        target = shown(_data(repository, oid))
    path = f"{folder}/{entry.name}" if folder else entry.name
    return Entry(entry.name, path, kind, oid, f"{entry.mode:06o}", size, target)


def describe_at(repository: pygit2.Repository, commit: str, path: str) -> Entry:
    """The entry at `path`, as it is shown."""
    found = entry_at(repository, commit, path)
    mode = int(found.filemode or FileMode.TREE)
    folder, _, name = path.rpartition("/")
    return describe(repository, Listed(True, name, mode, found.id.raw), folder)


def content_of(repository: pygit2.Repository, oid: str, *, limit: int = FILE_BYTES) -> bytes | None:
    """The bytes of a blob; None where there are more than `limit`, which are not read then."""
    _, size = repository.odb.read_header(oid)
    return _data(repository, oid) if size <= limit else None


def _data(repository: pygit2.Repository, oid: str) -> bytes:
    return bytes(repository[oid].peel(pygit2.Blob).data)


def walk(
    repository: pygit2.Repository, tree: pygit2.Tree, folder: str, *, limit: int
) -> Iterator[tuple[str, pygit2.Object]]:
    """All files, links and submodules below a folder, by path. `Invalid` (`tree-too-many-files`)
    past `limit`, before more is read: a few objects can make a tree without end."""
    count = 0
    waiting = [(folder, entry) for entry in reversed(list(tree))]
    while waiting:
        above, entry = waiting.pop()
        count += 1
        if count > limit:
            raise _too_many(limit)
        name = shown(entry.raw_name or b"")
        path = f"{above}/{name}" if above else name
        if entry.filemode != FileMode.TREE:
            yield path, entry
        elif path.count("/") < PATH_DEPTH:
            below = repository[entry.id]
            waiting += [(path, inner) for inner in reversed(list(below.peel(pygit2.Tree)))]


def shown(raw: bytes) -> str:
    """Text for people: bytes that are not UTF-8 appear as `\\xff`, and cannot be asked for."""
    return raw.decode("utf-8", "backslashreplace")


def path_not_found(path: str, commit: str) -> NotFound:
    return NotFound(
        "path-not-found",
        f"There is no {path} in the commit {commit}",
        hint="Paths are relative to the repository's root, like src/train.py.",
        path=path,
    )


def kind_of(entry: pygit2.Object) -> Kind:
    return _KINDS.get(entry.filemode, "file") if entry.filemode is not None else "folder"


def _folder(
    repository: pygit2.Repository, entry: pygit2.Object, here: str, path: str
) -> pygit2.Object:
    kind = kind_of(entry)
    if kind in ("link", "submodule"):
        raise Invalid(
            f"path-is-{kind}",
            f"{here} is a {kind}; {path} cannot be read through it",
            hint="Name the file itself by its path in the repository.",
        )
    return repository[entry.id] if kind == "folder" else entry


def _too_many(limit: int) -> Invalid:
    return Invalid(
        "tree-too-many-files",
        f"The tree has more files than the limit of {limit:,}",
        hint="Ask for one folder of it.",
        limit=limit,
    )
