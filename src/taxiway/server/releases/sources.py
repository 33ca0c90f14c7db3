"""One commit of a workflow as the deploy check reads it: from the mirror, no work tree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from taxiway.git.composition import Composition
from taxiway.release.findings import Finding
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


def sources_of(made: Composition) -> Sources:
    """`Invalid` when a limit is passed before all entries are known."""
    tree = Tree(
        entries=made.entries,
        links=made.links,
        lfs={path: pointer.size for path, pointer in made.lfs.items()},
        faults=(*_faults(made), *_empty(made)),
    )
    return Sources(tree, made.read)


def _faults(made: Composition) -> Iterator[Finding]:
    for fault in made.faults:
        error = fault.error
        yield Finding("error", error.code, error.message, error.hint, file=fault.path)


def _empty(made: Composition) -> Iterator[Finding]:
    for path in made.empty:
        yield Finding(
            "warning",
            "submodule-not-declared",
            f"The submodule {path} is an empty folder in the release: .gitmodules does not tell "
            "of it",
            "Declare it in .gitmodules, or remove it from the commit.",
            file=path,
        )
