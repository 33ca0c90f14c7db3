"""Reading the objects of a bare store of ours by libgit2: no process, no network, no work tree.

Every object that is read is proven against its id. Nothing that the machine or a user configured
for Git is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pygit2
from pygit2.enums import AttrCheck, ConfigLevel, ObjectType

from taxiway.errors import Invalid
from taxiway.git import call
from taxiway.git.known_trees import KnownTrees, Row, walk
from taxiway.git.policy import TreeLimits
from taxiway.git.trees import LINK, SUBMODULE, TreeEntry, check_limits

# A size that damage made up is memory that there is not.
_FAULTS = (pygit2.GitError, KeyError, ValueError, OSError, MemoryError)
_FOLDER, _SUBMODULE = 0o040000, 0o160000
_KNOWN = KnownTrees()
_LARGEST = 256 << 20  # of a commit and of what lies directly in one folder
_ROW = re.compile(rb"([0-7]+) ([^\0]*)\0(.{20})", re.DOTALL)
_KINDS = {ObjectType.COMMIT: "commit", ObjectType.TREE: "folder", ObjectType.BLOB: "file"}

for _level in (ConfigLevel.SYSTEM, ConfigLevel.XDG, ConfigLevel.GLOBAL, ConfigLevel.PROGRAMDATA):
    pygit2.settings.search_path[_level] = ""
pygit2.settings.owner_validation = False  # the stores are ours, whoever we ran as when we made them


class DamagedStore(Exception):
    """Something that must be in the store is missing or does not match its id."""


@contextmanager
def opened(store: Path) -> Iterator[pygit2.Repository]:
    """The store, for one reading: a repository of libgit2 is not for several threads."""
    try:
        repository = pygit2.Repository(str(store), pygit2.enums.RepositoryOpenFlag.BARE)
    except _FAULTS as error:
        raise DamagedStore(str(error)) from error
    try:
        yield repository
    finally:
        repository.free()


def holds(store: Path, ref: str, commit: str) -> bool:
    """Whether `ref` names `commit`, and the commit itself is there."""
    try:
        with opened(store) as repository:
            found = repository.references.get(ref)
            there = found is not None and str(found.target) == commit
            return there and repository.odb.read_header(commit)[0] == ObjectType.COMMIT
    except (DamagedStore, *_FAULTS):
        return False


def names(store: Path, ref: str, oid: str) -> bool:
    """Whether `ref` names the object."""
    try:
        with opened(store) as repository:
            found = repository.references.get(ref)
            return found is not None and str(found.target) == oid
    except (DamagedStore, *_FAULTS):
        return False


def commit_of(store: Path, ref: str) -> str:
    """The commit that a ref of the store names, through annotated tags."""
    with opened(store) as repository:
        try:
            return str(repository.references[ref].peel(pygit2.Commit).id)
        except _FAULTS as error:
            raise DamagedStore(str(error)) from error


def commits_like(store: Path, prefix: str) -> list[str]:
    """The commits of the store whose id begins with `prefix`."""
    done = call.run(["rev-parse", f"--disambiguate={prefix}"], store=store)
    with opened(store) as repository:
        kinds = {oid: repository.odb.read_header(oid)[0] for oid in done.stdout.decode().split()}
    return sorted(oid for oid, kind in kinds.items() if kind == ObjectType.COMMIT)


def tree_of(store: Path, commit: str) -> str:
    """The id of the commit's tree."""
    with opened(store) as repository:
        data = _read(repository.odb, commit, ObjectType.COMMIT)
    if not data.startswith(b"tree "):
        raise DamagedStore(f"{commit} is no commit")
    return data[5:45].decode("ascii", "replace")


def folder_of(store: Path, tree: str, path: str) -> str | None:
    """The id of the folder `path` below `tree`, `None` where there is none. `Invalid`: a link or
    a submodule on the way (`path-is-link`, `path-is-submodule`)."""
    with opened(store) as repository:
        odb, here = repository.odb, tree
        for depth, name in enumerate(path.split("/"), 1):
            rows = {row[1]: row for row in _rows(odb, here)}
            mode, _, oid = rows.get(name.encode(errors="surrogateescape"), (0, b"", ""))
            _require_plain("/".join(path.split("/")[:depth]), f"{mode:06o}", path)
            if mode != _FOLDER:
                return None
            here = oid
        return here


def _require_plain(place: str, mode: str, path: str) -> None:
    if mode in (LINK, SUBMODULE):
        kind = "link" if mode == LINK else "submodule"
        raise Invalid(
            f"path-is-{kind}",
            f"{place} is a {kind}; {path} cannot be read through it",
            hint="Name the file itself by its path in the repository.",
        )


def entry_in(entries: dict[str, TreeEntry], path: str) -> TreeEntry | None:
    """The entry at `path`; `Invalid` as `folder_of`."""
    parts = path.split("/")
    for depth in range(1, len(parts) + 1):
        entry = entries.get("/".join(parts[:depth]))
        if entry is not None:
            _require_plain(entry.path, entry.mode, path)
    return entry


def require_readable(entry: TreeEntry, limit: int) -> None:
    """Raise `Invalid` (`file-too-large`) when the file has more than `limit` bytes."""
    if (entry.size or 0) > limit:
        raise Invalid(
            "file-too-large",
            f"{entry.path} has {entry.size:,} bytes; at most {limit:,} are read",
            hint="Keep data out of files that are read as code or configuration.",
            limit=limit,
        )


def blobs_below(store: Path, tree: str) -> list[str]:
    """The files and links below a tree, each once, whether they are in the store or not."""
    with opened(store) as repository:
        odb, todo, seen, found = repository.odb, [tree], {tree}, dict[str, None]()
        while todo:
            for mode, _, oid in _rows(odb, todo.pop()):
                if mode == _FOLDER and oid not in seen:
                    seen.add(oid)
                    todo.append(oid)
                elif mode != _FOLDER and f"{mode:06o}" != SUBMODULE:
                    found[oid] = None
        return list(found)


def entries_of(store: Path, tree: str, limits: TreeLimits) -> list[TreeEntry]:
    """All files, links and submodules below a tree, in git's order, within the limits."""
    with opened(store) as repository:
        odb, known = repository.odb, str(store)

        def rows(place: bytes, oid: str) -> Iterator[Row]:
            read = partial(_sized, odb, oid, place, limits.entries)
            return iter(_KNOWN.rows(known, oid, place, read))

        return check_limits(walk(rows, tree, limits), limits)


def read_blob(store: Path, oid: str, *, limit: int | None = None) -> bytes:
    with opened(store) as repository:
        size = _size(repository.odb, oid)
    if limit is not None:
        require_readable(TreeEntry(oid, "", oid, size), limit)
    [data] = read_blobs(store, [oid])
    return data


def blob_at(store: Path, tree: str, path: str) -> str | None:
    """The id of the plain file at `path` below a tree; `None` where there is none."""
    folder, _, name = path.rpartition("/")
    with opened(store) as repository:
        odb, here = repository.odb, tree
        for part in folder.split("/") if folder else []:
            rows = {row[1]: row for row in _rows(odb, here)}
            mode, _, here = rows.get(part.encode(errors="surrogateescape"), (0, b"", ""))
            if mode != _FOLDER:
                return None
        wanted = name.encode(errors="surrogateescape")
        found = [oid for mode, row, oid in _rows(odb, here) if row == wanted and mode >> 12 == 8]
    return found[0] if found else None


def attributes(store: Path, commit: str, paths: Sequence[str], name: str) -> dict[str, str]:
    """What the commit's `.gitattributes` say, and nobody else's."""
    flags = AttrCheck.INDEX_ONLY | AttrCheck.NO_SYSTEM | AttrCheck.INCLUDE_COMMIT
    found = {}
    with opened(store) as repository:
        for path in paths:
            try:
                value = repository.get_attr(path, name, flags, commit)
            except _FAULTS as error:
                raise DamagedStore(f"{path}: {error}") from error
            if isinstance(value, str):
                found[path] = value
    return found


def read_blobs(store: Path, oids: Sequence[str]) -> Iterator[bytes]:
    """The contents of blobs in the order asked for."""
    with opened(store) as repository:
        odb = repository.odb
        for oid in oids:
            yield _read(odb, oid, ObjectType.BLOB)


def lacking(store: Path, oids: Iterable[str]) -> list[str]:
    """Those of the objects that are not in the store."""
    with opened(store) as repository:
        odb = repository.odb
        return [oid for oid in oids if not odb.exists(oid)]


def _sized(odb: pygit2.Odb, tree: str, place: bytes, most: int, before: Sequence[Row]) -> list[Row]:
    """As `_rows`, with whole paths, and the sizes of files and links; of no more than anybody may
    walk over. `before`: what was there in another commit, and mostly still is."""
    had = {row.path: row for row in before if isinstance(row, TreeEntry) and row.size is not None}
    files, found, modes = 0, list[Row](), dict[int, str]()
    for mode, name, oid in _rows(odb, tree):
        if mode == _FOLDER:
            found.append((place + name + b"/", oid))
            continue
        files += mode != _SUBMODULE
        text = modes.get(mode) or modes.setdefault(mode, f"{mode:06o}")
        path = (place + name).decode("utf-8", "surrogateescape")
        entry = had.get(path)
        if entry is None or entry.oid != oid or entry.mode != text:
            is_read = mode != _SUBMODULE and files <= most + 1
            entry = TreeEntry(path, text, oid, _size(odb, oid) if is_read else None)
        found.append(entry)
    return found


def _rows(odb: pygit2.Odb, tree: str) -> list[tuple[int, bytes, str]]:
    """(mode, name, id) of what lies directly in a folder, with the modes as they were written."""
    data = _read(odb, tree, ObjectType.TREE)
    found = _ROW.findall(data)
    if sum(len(mode) + len(name) + 22 for mode, name, _ in found) != len(data):
        raise DamagedStore(f"{tree} is no list of files")
    return [(int(mode, 8), name, oid.hex()) for mode, name, oid in found]


def _read(odb: pygit2.Odb, oid: str, kind: ObjectType) -> bytes:
    """The object, whose kind and size are looked at first: libgit2 takes as much memory as they
    ask for, also where damage wrote them."""
    size = _size(odb, oid, kind)
    if kind != ObjectType.BLOB and size > _LARGEST:
        raise DamagedStore(f"{oid} says that it has {size:,} bytes")
    try:
        return bytes(odb.read(oid)[1])
    except _FAULTS as error:
        raise DamagedStore(f"{oid}: {error}") from error


def _size(odb: pygit2.Odb, oid: str, wanted: ObjectType = ObjectType.BLOB) -> int:
    try:
        kind, size = odb.read_header(oid)
    except _FAULTS as error:
        raise DamagedStore(f"{oid}: {error}") from error
    if kind != wanted:
        raise DamagedStore(f"{oid} is no {_KINDS[wanted]}")
    return int(size)
