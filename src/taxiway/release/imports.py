"""Which files a task can reach by import: a graph read from the text of the files."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Container, Iterable, Iterator, Mapping

from taxiway.functions.model import FileFunctions
from taxiway.release.catalogue import SourceCatalogue
from taxiway.release.tree import Tree
from taxiway.workflow.models import Workflow

MOST_FILES = 5000

Known = Callable[[Iterable[str]], Mapping[str, FileFunctions | None]]


def reachable(workflow: Workflow, tree: Tree, catalogue: SourceCatalogue) -> set[str]:
    """The files of the tree that the tasks run or can import, by way of whatever they import."""

    def known(paths: Iterable[str]) -> Mapping[str, FileFunctions | None]:
        wanted = list(paths)
        catalogue.load(wanted)
        return {path: catalogue.functions(path) for path in wanted}

    scripts = {task.script_path for task in workflow.tasks if task.script_path}
    reached: set[str] = set()
    for folder in {posixpath.dirname(script) for script in scripts}:
        mine = {script for script in scripts if posixpath.dirname(script) == folder}
        reached |= _reach(mine & tree.entries.keys(), _roots(folder), tree.entries, known)
    return reached


def _roots(folder: str) -> tuple[str, ...]:
    """Where the runner lets imports begin: the script's folder, `src/`, the root."""
    return tuple(dict.fromkeys((folder, "src", "")))


def _reach(
    scripts: set[str], roots: tuple[str, ...], files: Container[str], known: Known
) -> set[str]:
    reached: set[str] = set()
    waiting = set(scripts)
    for script in scripts:
        waiting |= set(_packages(script.split("/")[:-1], files))
    while waiting and len(reached) < MOST_FILES:
        reached |= waiting
        found: set[str] = set()
        for path, file in known(sorted(waiting)).items():
            for module in file.imports if file else ():
                found |= set(files_of(module, path, roots, files))
        waiting = found - reached
    return reached


def files_of(
    module: str, importer: str, roots: Iterable[str], files: Container[str]
) -> Iterator[str]:
    """The files that importing `module` runs: its own, and those of the packages around it."""
    plain = module.lstrip(".")
    level = len(module) - len(plain)
    parts = [part for part in plain.split(".") if part]
    if level:
        here = importer.split("/")[:-1]
        if level - 1 > len(here):
            return
        yield from _module(here[: len(here) - level + 1], parts, files)
        return
    for root in roots:
        base = [part for part in root.split("/") if part]
        found = list(_module(base, parts, files))
        if found:  # the first place that has it wins, as with sys.path
            yield from found
            return


def _module(base: list[str], parts: list[str], files: Container[str]) -> Iterator[str]:
    inits = list(_packages([*base, *parts[:-1]], files, below=len(base)))
    path = "/".join([*base, *parts])
    ends = [f"{path}/__init__.py", f"{path}.py"] if parts else [f"{path}/__init__.py".lstrip("/")]
    own = [end for end in ends if end in files]
    if own or inits:
        yield from inits
        yield from own[:1]


def _packages(folders: list[str], files: Container[str], below: int = 0) -> Iterator[str]:
    for depth in range(below + 1, len(folders) + 1):
        init = "/".join([*folders[:depth], "__init__.py"])
        if init in files:
            yield init
