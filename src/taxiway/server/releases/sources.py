"""One commit of a workflow as the deploy check reads it: from the mirror, no work tree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from taxiway.git import lfs
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


def sources_of(made: Composition, *, ask_for_lfs: bool = True) -> Sources:
    """`Invalid` when a limit is passed before all entries are known.

    `ask_for_lfs`: the server of LFS objects that are not here is asked whether it has them.
    """
    tree = Tree(
        entries=made.entries,
        links=made.links,
        lfs={path: pointer.size for path, pointer in made.lfs.items()},
        faults=(*_faults(made), *_empty(made), *(_lost(made) if ask_for_lfs else ())),
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


def _lost(made: Composition) -> Iterator[Finding]:
    """The LFS objects that cannot be had."""
    for files in made.parts.values():
        mine = {path: one for path, one in made.lfs.items() if made.part_of(path)[0] is files}
        lost = lfs.unresolved(files, mine.values()) if mine else {}
        for path, pointer in mine.items():
            error = lost.get(pointer)
            if error is not None:
                message = f"{path}: {error.message}"
                yield Finding("error", error.code, message, error.hint, file=path)
