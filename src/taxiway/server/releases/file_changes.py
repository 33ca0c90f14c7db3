"""Which files of two releases differ: those that tasks can reach by import, and how many others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import pygit2

from taxiway.functions.found import FoundFunctions
from taxiway.git.browse import reading
from taxiway.git.composition import Composition, compose
from taxiway.git.difference import difference
from taxiway.git.files import Files
from taxiway.git.mirror import Mirror
from taxiway.git.trees import TreeEntry
from taxiway.release.catalogue import SourceCatalogue
from taxiway.release.findings import readable
from taxiway.release.imports import reachable
from taxiway.release.model import Release
from taxiway.server.releases.sources import sources_of
from taxiway.storage.cache import Cache

Status = Literal["added", "changed", "removed"]

MOST_TEXTS = 100
MOST_FILES = 1000


@dataclass(frozen=True)
class FileChange:
    """`text` is the unified difference; `omitted` says why there is none."""

    path: str
    status: Status
    additions: int = 0
    deletions: int = 0
    text: str | None = None
    omitted: str | None = None


@dataclass(frozen=True)
class FileChanges:
    """`others` counts what differs and no task can reach."""

    files: tuple[FileChange, ...]
    others: int


def file_changes(base: Release, head: Release, mirror: Mirror) -> FileChanges:
    """Both commits are fetched if the mirror lacks them."""
    made = [_made(release, mirror) for release in (base, head)]
    changed = _changed(made[0], made[1])
    if not changed:
        return FileChanges((), 0)
    reached = _reached(base, made[0], mirror.cache) | _reached(head, made[1], mirror.cache)
    wanted = sorted(changed.keys() & reached)[:MOST_FILES]
    texts = set(wanted[:MOST_TEXTS])
    found = [
        _told(made, path, changed[path])
        if path in texts
        else FileChange(path, changed[path], omitted="too-many")
        for path in wanted
    ]
    told = (replace(change, path=readable(change.path)) for change in found)
    return FileChanges(tuple(told), len(changed) - len(found))


def _made(release: Release, mirror: Mirror) -> Composition:
    assert release.commit is not None
    folder = release.workflow.git_subdirectory
    mirror.fetch(release.commit, folder)
    return compose(Files(mirror, release.commit, folder))


def _changed(base: Composition, head: Composition) -> dict[str, Status]:
    before, after = base.entries, head.entries
    found: dict[str, Status] = {path: "removed" for path in before.keys() - after.keys()}
    found |= {path: "added" for path in after.keys() - before.keys()}
    for path in before.keys() & after.keys():
        if _differs(before, after, path):
            found[path] = "changed"
    return found


def _differs(before: Mapping[str, TreeEntry], after: Mapping[str, TreeEntry], path: str) -> bool:
    old, new = before[path], after[path]
    return (old.oid, old.mode) != (new.oid, new.mode)


def _reached(release: Release, made: Composition, cache: Cache) -> set[str]:
    sources = sources_of(made, ask_for_lfs=False)
    assert sources.tree is not None
    catalogue = SourceCatalogue(release.workflow, sources.tree, sources.read, FoundFunctions(cache))
    return reachable(release.workflow, sources.tree, catalogue)


def _told(made: list[Composition], path: str, status: Status) -> FileChange:
    base, head = (one.part_of(path)[0] for one in made)
    if base.mirror.key != head.mirror.key or base is not made[0].files:
        return FileChange(path, status, omitted="submodule")
    full = f"{head.folder}/{path}" if head.folder else path
    store = head.mirror.store_of(head.commit, head.folder)
    if base.mirror.store_of(base.commit, base.folder) != store:
        return FileChange(path, status, omitted="not-side-by-side")

    def read(repository: pygit2.Repository) -> FileChange:
        found = [f for f in difference(repository, base.commit, head.commit, full).files]
        if not found:
            return FileChange(path, status)
        one = found[0]
        return FileChange(path, status, one.additions, one.deletions, one.text, one.omitted)

    return reading(store, read)
