"""One commit of a workflow as the deploy check reads it: from the mirror, no work tree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from taxiway.git import objects
from taxiway.git.mirror import Mirror
from taxiway.git.trees import LINK
from taxiway.release.tree import Tree

Read = Callable[[str], bytes | None]


@dataclass(frozen=True)
class Sources:
    """The files of a commit, and how to read one: None where there is none. Links and submodules
    are not read through."""

    tree: Tree | None
    read: Read


def _nothing(path: str) -> None:
    """Reads from a repository that is not there."""


NO_SOURCES = Sources(None, _nothing)


def sources_of(mirror: Mirror, commit: str) -> Sources:
    """`Invalid` when a limit is passed before all entries are known."""
    entries = {entry.path: entry for entry in mirror.list_tree(commit)}
    links = [entry for entry in entries.values() if entry.mode == LINK]
    targets = mirror.healing(
        commit, lambda: list(objects.read_blobs(mirror.files, [entry.oid for entry in links]))
    )
    tree = Tree(
        entries=entries,
        links={
            entry.path: target.decode("utf-8", "surrogateescape")
            for entry, target in zip(links, targets, strict=True)
        },
    )

    def read(path: str) -> bytes | None:
        return mirror.read_file(commit, path)

    return Sources(tree, read)
