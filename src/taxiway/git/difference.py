"""What differs between two commits: the files, and each as unified text.

The trees are walked side by side and only where their ids differ, so that a small change in a
large repository costs what changed. Nothing of a repository decides how: no attribute, no driver.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import pygit2
from pygit2.enums import FileMode

from taxiway.git.browse import content_of, kind_of, root_of, shown
from taxiway.git.names import PATH_DEPTH
from taxiway.git.text import text_of

Status = Literal["added", "deleted", "modified", "renamed", "type-changed"]

FILES = 3000  # that are told of
_STEPS = 100_000  # entries that are compared
_FILE_BYTES = 512 * 1000  # of a file whose text is compared
_TEXT_BYTES = 1_000_000  # of all texts together


@dataclass(frozen=True, slots=True)
class FileDifference:
    """One file. `text` is null for binary, large and unchanged contents: `omitted` says which."""

    path: str
    status: Status
    old_path: str | None
    old_id: str | None
    new_id: str | None
    additions: int = 0
    deletions: int = 0
    text: str | None = None
    omitted: Literal["binary", "too-large", "submodule"] | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """`is_truncated`: there is more than the limits allow to tell."""

    files: tuple[FileDifference, ...]
    is_truncated: bool

    @property
    def text(self) -> str:
        return "".join(file.text or "" for file in self.files)


@dataclass(frozen=True, slots=True)
class _Change:
    path: str
    old: pygit2.Object | None
    new: pygit2.Object | None


class _Enough(Exception):
    """A limit is reached."""


def difference(repository: pygit2.Repository, base: str, head: str, path: str = "") -> Difference:
    """From `base` to `head`; only what lies at or below `path`, where one is given."""
    changes: list[_Change] = []
    is_truncated = False
    walker = _Walker(repository, path)
    try:
        for change in walker.compare(root_of(repository, base), root_of(repository, head), ""):
            if len(changes) == FILES:
                raise _Enough
            changes.append(change)
    except _Enough:
        is_truncated = True
    files, size = [], 0
    for file in sorted(_with_renames(changes), key=lambda file: file.path):
        told = (
            _told(repository, file) if size <= _TEXT_BYTES else replace(file, omitted="too-large")
        )
        size += len(told.text or "")
        is_truncated |= told.omitted == "too-large"
        files.append(told)
    return Difference(tuple(files), is_truncated)


class _Walker:
    def __init__(self, repository: pygit2.Repository, path: str) -> None:
        self._repository = repository
        self._path = path
        self._steps = 0

    def compare(
        self, old: pygit2.Tree | None, new: pygit2.Tree | None, folder: str
    ) -> Iterator[_Change]:
        if old is not None and new is not None and old.id == new.id:
            return
        before = {entry.raw_name or b"": entry for entry in old or ()}
        after = {entry.raw_name or b"": entry for entry in new or ()}
        for raw in sorted(before.keys() | after.keys()):
            self._steps += 1
            if self._steps > _STEPS:
                raise _Enough
            name = shown(raw)
            path = f"{folder}/{name}" if folder else name
            if self._is_wanted(path):
                yield from self._entry(path, before.get(raw), after.get(raw))

    def _entry(
        self, path: str, old: pygit2.Object | None, new: pygit2.Object | None
    ) -> Iterator[_Change]:
        if old and new and (old.id, old.filemode) == (new.id, new.filemode):
            return
        folders = self._tree(old), self._tree(new)
        if any(folders) and path.count("/") < PATH_DEPTH:
            yield from self.compare(*folders, path)
        files = [entry if entry and not tree else None for entry, tree in zip((old, new), folders, strict=True)]  # fmt: skip
        if any(files):
            yield _Change(path, *files)

    def _tree(self, entry: pygit2.Object | None) -> pygit2.Tree | None:
        if entry is None or entry.filemode != FileMode.TREE:
            return None
        return self._repository[entry.id].peel(pygit2.Tree)

    def _is_wanted(self, path: str) -> bool:
        wanted = self._path
        return not wanted or f"{path}/".startswith(f"{wanted}/") or wanted.startswith(f"{path}/")


def _with_renames(changes: list[_Change]) -> Iterator[FileDifference]:
    """A file that went and one that came with the same content are one that was renamed."""
    gone: dict[str, list[_Change]] = {}
    for change in changes:
        if change.new is None and change.old is not None:
            gone.setdefault(str(change.old.id), []).append(change)
    taken: dict[str, _Change] = {}
    for change in changes:
        if change.old is None and change.new is not None and gone.get(str(change.new.id)):
            taken[change.path] = gone[str(change.new.id)].pop(0)
    sources = {change.path for change in taken.values()}
    for change in changes:
        if change.path not in sources or change.new is not None:
            yield _summary(change, taken.get(change.path))


def _summary(change: _Change, source: _Change | None) -> FileDifference:
    old = source.old if source else change.old
    status: Status = "modified"
    if source:
        status = "renamed"
    elif change.old is None:
        status = "added"
    elif change.new is None:
        status = "deleted"
    elif kind_of(change.old) != kind_of(change.new):
        status = "type-changed"
    return FileDifference(
        path=change.path,
        status=status,
        old_path=source.path if source else None,
        old_id=str(old.id) if old else None,
        new_id=str(change.new.id) if change.new else None,
        omitted=_submodule(old) or _submodule(change.new),
    )


def _submodule(entry: pygit2.Object | None) -> Literal["submodule"] | None:
    return "submodule" if entry is not None and kind_of(entry) == "submodule" else None


def _told(repository: pygit2.Repository, file: FileDifference) -> FileDifference:
    if file.omitted is not None or file.old_id == file.new_id:
        return file
    contents = [
        content_of(repository, oid, limit=_FILE_BYTES) if oid else b""
        for oid in (file.old_id, file.new_id)
    ]
    old, new = contents
    if old is None or new is None:
        return replace(file, omitted="too-large")
    texts = [text_of(content) for content in contents if content is not None]
    if None in texts:
        return replace(file, omitted="binary")
    before, after = (text.text.encode() for text in texts if text is not None)
    patch = pygit2.Patch.create_from(before, after)
    body = bytes(patch.data)  # while `before` and `after` live: the patch only points at them
    _, additions, deletions = patch.line_stats
    text = _unified(file, body.decode("utf-8", "replace"))
    return replace(file, additions=additions, deletions=deletions, text=text)


def _unified(file: FileDifference, body: str) -> str:
    """As git prints it; a file that is not there is /dev/null."""
    start = body.find("@@")
    old = f"a/{file.old_path or file.path}" if file.old_id else "/dev/null"
    new = f"b/{file.path}" if file.new_id else "/dev/null"
    head = f"diff --git a/{file.old_path or file.path} b/{file.path}\n--- {old}\n+++ {new}\n"
    return head + (body[start:] if start >= 0 else "")
