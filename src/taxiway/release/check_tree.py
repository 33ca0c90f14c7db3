"""The tree of a commit: links, sizes, and what the Git layer could not resolve."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from taxiway.git.policy import TreeLimits
from taxiway.git.trees import leaving_links, oversizes
from taxiway.release.findings import Finding
from taxiway.release.tree import Tree

_HOPS = 64


def check_tree(tree: Tree, limits: TreeLimits) -> Iterator[Finding]:
    yield from _check_links(tree)
    yield from tree.faults
    for problem, file in oversizes(list(tree.entries.values()), limits, tree.lfs):
        yield Finding("error", problem.code, problem.message, problem.hint, file=file)


def _check_links(tree: Tree) -> Iterator[Finding]:
    leaving = leaving_links(tree.links)
    for path in leaving:
        yield Finding(
            "error",
            "link-leaves-tree",
            f"The link {path} -> {tree.links[path][:100]} leaves the repository",
            "Remove the link, or point it at a file of the repository by a relative path.",
            file=path,
        )
    staying = sorted(tree.links.keys() - set(leaving))
    folders = {folder for path in tree.entries for folder in _parents(path)} if staying else set()
    for path in staying:
        if not _leads_somewhere(path, tree, folders):
            yield Finding(
                "warning",
                "link-dangling",
                f"The link {path} -> {tree.links[path][:100]} leads to nothing in this commit",
                "Commit what it points at, or remove the link.",
                file=path,
            )


def _parents(path: str) -> Iterator[str]:
    while path := path.rpartition("/")[0]:
        yield path


def _leads_somewhere(path: str, tree: Tree, folders: set[str]) -> bool:
    here = path
    for _ in range(_HOPS):
        target = tree.links.get(here)
        if target is None:
            return here in tree.entries or here in folders or here == "."
        here = posixpath.normpath(posixpath.join(posixpath.dirname(here), target))
        here = _through_links(here, tree)
    return False


def _through_links(path: str, tree: Tree) -> str:
    """`path` with the first folder on its way that is a link put in place of it."""
    for folder in _parents(path):
        target = tree.links.get(folder)
        if target is not None:
            real = posixpath.join(posixpath.dirname(folder), target)
            return posixpath.normpath(posixpath.join(real, path[len(folder) + 1 :]))
    return path
