"""The files of one commit as the deploy check and the comparison see them: plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from taxiway.git.trees import TreeEntry
from taxiway.release.findings import Finding
from taxiway.workflow.models import Task


@dataclass(frozen=True)
class Tree:
    """All paths are relative to the workflow's folder. `links` are link → target, `lfs` the sizes
    of the files whose content Git LFS keeps; `faults` is what the Git layer could not resolve."""

    entries: Mapping[str, TreeEntry]
    links: Mapping[str, str] = field(default_factory=dict)
    lfs: Mapping[str, int] = field(default_factory=dict)
    faults: tuple[Finding, ...] = ()


def inline_path(task: Task) -> str:
    """Under which a catalogue has the code of an inline task: no path of a tree looks so."""
    return f"/inline/{task.name}"


def source_path(task: Task) -> str:
    """Under which a catalogue has what the task runs."""
    return task.script_path if task.script_path is not None else inline_path(task)
