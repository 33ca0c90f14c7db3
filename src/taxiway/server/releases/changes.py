"""What a release changed since the last one: recorded once, when it is sealed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from pydantic import BaseModel, Field

from taxiway.environment.lock import Lock, lock_key
from taxiway.errors import TaxiwayError
from taxiway.release.compare import Change, Side, workflow_changes
from taxiway.release.model import Release
from taxiway.release.package_changes import package_changes
from taxiway.release.trigger import functions_from_json
from taxiway.server.database import ReleaseRow
from taxiway.server.releases.prepare import Prepared
from taxiway.server.releases.records import release_of
from taxiway.storage.store import Storage

_PARAMS = ("param-added", "param-removed", "param-changed", "param-default-changed")


class WorkflowChange(BaseModel):
    """One thing that is declared otherwise, or that a function takes otherwise."""

    kind: str = Field(description="What it is.", examples=["param-default-changed"])
    task: str | None = Field(description="The task; null for the workflow itself.")
    field: str = Field(description="Its place.", examples=["tasks.train.params.epochs"])
    before: Any = Field(description="What it was.")
    after: Any = Field(description="What it is.")
    is_breaking: bool = Field(description="Whether what worked before may not work any more.")
    text: str = Field(description="The same in words.")


class PackageChange(BaseModel):
    """A package that only one of the two has, or both in another version."""

    name: str = Field(description="The package.")
    before: str | None = Field(description="The version that it was.")
    after: str | None = Field(description="The version that it is.")


class PackageChanges(BaseModel):
    """Packages that two releases have otherwise, by the direction of the change."""

    added: list[PackageChange] = Field(description="Packages that are new.")
    removed: list[PackageChange] = Field(description="Packages that are gone.")
    up: list[PackageChange] = Field(description="Packages in a later version.")
    down: list[PackageChange] = Field(description="Packages in an earlier version.")
    changed: list[PackageChange] = Field(
        description="Packages from elsewhere, such as another commit: they have no order."
    )


class FileCounts(BaseModel):
    """How many files differ."""

    added: int = Field(description="Files that are new.")
    changed: int = Field(description="Files with another content.")
    removed: int = Field(description="Files that are gone.")


class ReleaseChanges(BaseModel):
    """What a release changed since the one before it."""

    since: int = Field(description="The number of the release before.")
    tasks: list[WorkflowChange] = Field(
        description="Tasks that came, went, moved, or run another function."
    )
    params: list[WorkflowChange] = Field(description="Params, and defaults of functions.")
    schedule: list[WorkflowChange] = Field(description="Schedule, time zone and catch-up.")
    other: list[WorkflowChange] = Field(description="Other fields of the workflow.")
    packages: PackageChanges = Field(description="Packages that differ.")
    files: FileCounts | None = Field(description="Files of the repository; null: not known.")


def changes_since(
    last: ReleaseRow | None, prepared: Prepared, storage: Storage
) -> dict[str, Any] | None:
    """As it is recorded; None for the first release."""
    before = release_of(last) if last else None
    if last is None or before is None:
        return None
    counts = prepared.facts.files if prepared.facts else None
    if counts is None and before.tree == prepared.release.tree:
        counts = {"added": 0, "changed": 0, "removed": 0}
    found = changes_between(
        last.number,
        Side(before.workflow, functions_from_json(last.functions)),
        Side(prepared.release.workflow, prepared.functions),
        compare_packages(before, prepared.release, storage),
        FileCounts(**counts) if counts else None,
    )
    return found.model_dump(mode="json")


def workflow_part(change: Change) -> str:
    """In which list it stands."""
    if change.kind in _PARAMS:
        return "params"
    if change.kind == "schedule-changed":
        return "schedule"
    return "tasks" if change.task else "other"


def changes_between(
    number: int, base: Side, head: Side, packages: PackageChanges, files: FileCounts | None
) -> ReleaseChanges:
    lists: dict[str, list[WorkflowChange]] = {
        name: [] for name in ("tasks", "params", "schedule", "other")
    }
    for change in workflow_changes(base, head):
        lists[workflow_part(change)].append(WorkflowChange(**asdict(change)))
    return ReleaseChanges(since=number, **lists, packages=packages, files=files)


def compare_packages(before: Release, after: Release, storage: Storage) -> PackageChanges:
    """From the locks of all environments of each; one that is gone has nothing to tell."""
    if before.locks == after.locks:
        return PackageChanges(added=[], removed=[], up=[], down=[], changed=[])
    versions = (_versions(release.locks, storage) for release in (before, after))
    return PackageChanges(**asdict(package_changes(*versions)))


def _versions(locks: Iterable[str], storage: Storage) -> dict[str, str]:
    """Package → version; of several environments the first one counts."""
    found: dict[str, str] = {}
    for lock in locks:
        try:
            packages = Lock.parse(storage.get(lock_key(lock)).decode()).packages
        except TaxiwayError:
            continue
        for package in packages:
            found.setdefault(package.name, package.source)
    return found
