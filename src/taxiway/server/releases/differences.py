"""What is different between two releases of a workflow: for who is about to change from one to
the other, and quickly."""

from __future__ import annotations

from pydantic import BaseModel, Field

from taxiway.environment.lock import Lock, lock_key
from taxiway.errors import TaxiwayError
from taxiway.release.model import Release
from taxiway.server.database import ReleaseRow
from taxiway.server.releases.changes import PackageChange
from taxiway.server.releases.records import release_of
from taxiway.storage.store import Storage
from taxiway.workflow.compare import changed


class Differences(BaseModel):
    """What a run executes otherwise."""

    fields: list[str] = Field(description="Fields that differ, like `tasks.train.params`.")
    files: bool = Field(description="Whether the files of the repository differ.")
    packages: list[PackageChange] = Field(description="Packages that differ.")
    python: list[str] = Field(description="The Python now and then, where it differs.")


def differences(before: ReleaseRow | None, after: ReleaseRow, storage: Storage) -> Differences:
    """From the sealed releases and their locks: no Git, no index."""
    old = release_of(before) if before else None
    new = release_of(after)
    if new is None:
        return Differences(fields=[], files=False, packages=[], python=[])
    pythons = [old.python, new.python] if old and old.python != new.python else []
    return Differences(
        fields=changed(old.workflow if old else None, new.workflow),
        files=(old.tree if old else None) != new.tree,
        packages=_packages(old, new, storage),
        python=pythons,
    )


def _packages(old: Release | None, new: Release, storage: Storage) -> list[PackageChange]:
    if old is not None and old.lock == new.lock:
        return []
    before, after = (_versions(old.lock, storage) if old else {}), _versions(new.lock, storage)
    return [
        PackageChange(name=name, before=before.get(name), after=after.get(name))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]


def _versions(lock: str, storage: Storage) -> dict[str, str]:
    """A lock that is gone has nothing to tell; what needs it says so by itself."""
    try:
        packages = Lock.parse(storage.get(lock_key(lock)).decode()).packages
    except TaxiwayError:
        return {}
    return {package.name: package.source for package in packages}
