"""The locks of a release, as the API shows them."""

from __future__ import annotations

from pydantic import BaseModel, Field

from taxiway.environment.lock import Lock
from taxiway.errors import NotFound
from taxiway.server.database import ReleaseRow
from taxiway.server.releases.records import release_of


class LockedPackage(BaseModel):
    """One package at one version."""

    name: str = Field(description="As indexes compare it.")
    version: str = Field(description="Its version, or the address it comes from.")
    marker: str | None = Field(description="Where it is needed; null: everywhere.")
    hashes: list[str] = Field(description="Of every file that it may be installed from.")


class LockResponse(BaseModel):
    """The packages of a release."""

    key: str = Field(description="sha256 of its text.")
    python: str = Field(description="The Python that it holds for.")
    platform: str | None = Field(description="The only platform that it holds for; null: all.")
    packages: list[LockedPackage] = Field(description="Sorted by name.")


def lock_of(row: ReleaseRow, task: str | None) -> str:
    """The key of the lock of the release, or of one of its tasks. `NotFound`."""
    release = release_of(row)
    if release is None:
        raise NotFound(
            "lock-not-made",
            f"Release {row.number} has no lock: it is {row.state}",
            hint="A release has one when it is sealed.",
        )
    if task is None:
        return release.lock
    if task not in {one.name for one in release.workflow.tasks}:
        raise NotFound("task-not-found", f"Release {row.number} has no task {task}")
    return release.environment_of(task).lock


def lock_response(key: str, lock: Lock) -> LockResponse:
    packages = [
        LockedPackage(
            name=one.name, version=one.source, marker=one.marker or None, hashes=list(one.hashes)
        )
        for one in lock.packages
    ]
    return LockResponse(key=key, python=lock.python, platform=lock.platform, packages=packages)
