"""The deploy check on a folder of this machine: for CI, before anything is pushed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from taxiway.client.http import Json
from taxiway.environment.policy import PackagePolicy
from taxiway.errors import Invalid, NotFound
from taxiway.functions.found import FoundFunctions
from taxiway.git.policy import TreeLimits
from taxiway.git.trees import FILE, LINK, PROGRAM, TreeEntry
from taxiway.release.catalogue import SourceCatalogue
from taxiway.release.check import check
from taxiway.release.findings import errors_of
from taxiway.release.packages import read_packages
from taxiway.release.tree import Tree
from taxiway.storage.cache import Cache
from taxiway.workflow.models import Workflow
from taxiway.workflow.names import dag_id_of

_PASSED_OVER = {".git", ".venv", "venv", "node_modules", "__pycache__"}


def check_folder(declared: Json, folder: Path) -> dict[str, Any]:
    """As `POST /workflows/{id}/check` answers, of the files as they are now."""
    if not folder.is_dir():
        raise NotFound("file-not-found", f"There is no folder {folder}")
    workflow = _workflow(declared, folder)
    folder = folder / (workflow.git_subdirectory or "")
    tree = tree_of(folder)

    def read(path: str) -> bytes | None:
        entry = tree.entries.get(path)
        return (folder / path).read_bytes() if entry and entry.mode != LINK else None

    with tempfile.TemporaryDirectory(prefix="taxiway-check.") as scratch:
        cache = Cache(Path(scratch))
        packages = read_packages(workflow, read, PackagePolicy.from_env(os.environ), cache)
        catalogue = SourceCatalogue(workflow, tree, read, FoundFunctions(cache))
        findings = check(workflow, tree, catalogue, limits=TreeLimits(), packages=packages.findings)
    problems = [finding.as_dict() for finding in findings]
    return {"ok": not errors_of(findings), "commit": None, "problems": problems}


def _workflow(declared: Json, folder: Path) -> Workflow:
    name = str(declared.get("name") or folder.resolve().name)
    try:
        return Workflow.from_dict(
            {**declared, "name": name, "dag_id": dag_id_of(name), "git_repository": str(folder)}
        )
    except (TypeError, ValueError, AttributeError) as error:
        raise Invalid(
            "file-refused",
            f"The file declares no workflow: {error}",
            hint="Give the fields of the API, and in `tasks` a list of tasks with their fields.",
        ) from None


def tree_of(folder: Path) -> Tree:
    """The files of the folder, as a commit of them would have them."""
    entries = {entry.path: entry for entry in _entries(folder)}
    links = {
        path: os.readlink(folder / path)  # noqa: PTH115 - the text, not a path
        for path, entry in entries.items()
        if entry.mode == LINK
    }
    return Tree(entries, links)


def _entries(folder: Path) -> Iterator[TreeEntry]:
    for place, folders, files in os.walk(folder):
        here = Path(place)
        linked = [name for name in folders if (here / name).is_symlink()]
        folders[:] = sorted(set(folders) - _PASSED_OVER - set(linked))
        for name in sorted([*files, *linked]):
            path = here / name
            facts = path.lstat()
            mode = PROGRAM if facts.st_mode & 0o100 else FILE
            # The id only names what was parsed in this process: nothing is kept.
            shown = str(path.relative_to(folder))
            yield TreeEntry(
                shown, LINK if path.is_symlink() else mode, shown.encode().hex(), facts.st_size
            )
