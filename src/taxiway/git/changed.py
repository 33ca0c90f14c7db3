"""Which paths differ between two commits, without reading a file: for counting, and for picking."""

from __future__ import annotations

from typing import Literal

import pygit2
from pygit2.enums import DeltaStatus

from taxiway.git.browse import root_of

Status = Literal["added", "removed", "changed"]

_STATUS: dict[int, Status] = {DeltaStatus.ADDED: "added", DeltaStatus.DELETED: "removed"}


def changed_paths(
    repository: pygit2.Repository, base: str, head: str, folder: str | None = None
) -> dict[str, Status]:
    """Path → what became of it from `base` to `head`, at or below `folder` and relative to it."""
    before, after = _folder(repository, base, folder), _folder(repository, head, folder)
    if before is not None and after is not None:
        if before.id == after.id:
            return {}
        deltas = before.diff_to_tree(after).deltas
        return {_path(delta): _STATUS.get(delta.status, "changed") for delta in deltas}
    status: Status = "removed" if after is None else "added"
    whole = before or after
    return {_path(delta): status for delta in whole.diff_to_tree().deltas} if whole else {}


def _folder(repository: pygit2.Repository, commit: str, folder: str | None) -> pygit2.Tree | None:
    here: pygit2.Object = root_of(repository, commit)
    for name in (folder or "").split("/"):
        if name:
            if not isinstance(here, pygit2.Tree) or name not in here:
                return None
            here = here[name]
    return here if isinstance(here, pygit2.Tree) else None


def _path(delta: pygit2.DiffDelta) -> str:
    return delta.new_file.raw_path.decode("utf-8", "surrogateescape")
