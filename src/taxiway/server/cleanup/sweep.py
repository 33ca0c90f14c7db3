"""Removing from storage and cache what no release needs any more."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from taxiway.errors import NotFound
from taxiway.release.model import Release
from taxiway.server.database import ReleaseRow, ResolutionRow, WorkflowRow
from taxiway.server.releases.records import release_of
from taxiway.storage.cache import Cache
from taxiway.storage.eviction import entries, evict
from taxiway.storage.store import Storage

# DAG files, shards and generations are small, and Airflow goes back to them by number.
FOLDERS = ("releases", "locks", "snapshots", "layers")
KINDS = ("snapshots", "environments")
_DIGEST = re.compile(r'"([0-9a-f]{64})"')


@dataclass
class Freed:
    """What was removed of one kind."""

    entries: int = 0
    bytes: int = 0
    in_use: int = 0


@dataclass
class Needed:
    """Names of objects by folder of the storage; also the keys of the cache's entries."""

    names: dict[str, set[str]] = field(default_factory=lambda: {name: set() for name in FOLDERS})
    repositories: set[tuple[str, str]] = field(default_factory=set)  # with the workflow's id

    def has(self, folder: str, name: str) -> bool:
        return name.partition(".")[0] in self.names[folder]


def needed(session: Session, storage: Storage, gone: Iterable[str]) -> Needed:
    """What all releases need but for those with the ids `gone`."""
    found, left_out = Needed(), set(gone)
    query = select(ReleaseRow).where(
        ReleaseRow.digest.is_not(None), ReleaseRow.removed_at.is_(None)
    )
    for row in session.scalars(query.execution_options(yield_per=500)):
        release = release_of(row)
        if row.id in left_out or release is None:
            continue
        _add(found, row, release)
    workflows = select(WorkflowRow.id, WorkflowRow.git_repository).where(
        WorkflowRow.deleted_at.is_(None)
    )
    found.repositories.update((id, url) for id, url in session.execute(workflows) if url)
    # An unpinned requirement stays what it was by a lock that is remembered.
    found.names["locks"].update(session.scalars(select(ResolutionRow.lock)))
    _add_layers(found, storage)
    return found


def _add(found: Needed, row: ReleaseRow, release: Release) -> None:
    found.names["releases"].add(str(row.digest))
    found.names["locks"].update(release.locks)
    if release.tree:
        found.names["snapshots"].add(release.tree)
    if release.workflow.git_repository:
        found.repositories.add((row.workflow_id, release.workflow.git_repository))


def _add_layers(found: Needed, storage: Storage) -> None:
    """A snapshot names all its layers, also those that an earlier one was made of."""
    for tree in found.names["snapshots"]:
        try:
            manifest = storage.get(f"snapshots/{tree}.json").decode()
        except NotFound:
            continue
        found.names["layers"].update(_DIGEST.findall(manifest))


def sweep_storage(storage: Storage, live: Needed, *, dry_run: bool) -> Iterator[tuple[str, Freed]]:
    """Folder by folder; what names others goes before what it names."""
    for folder in FOLDERS:
        freed = Freed()
        for one in [one for one in storage.objects(folder) if not live.has(folder, one.name)]:
            if not dry_run:
                storage.remove(f"{folder}/{one.name}")
            freed.entries += 1
            freed.bytes += one.bytes
        yield folder, freed


def sweep_cache(cache: Cache, live: Needed, *, dry_run: bool) -> Iterator[tuple[str, Freed]]:
    """What somebody uses stays until the next time."""
    for kind in KINDS:
        freed = Freed()
        folder = "locks" if kind == "environments" else kind
        for entry in entries(cache, (kind,)):
            if live.has(folder, entry.key):
                continue
            if entry.in_use or not (dry_run or evict(cache, entry)):
                freed.in_use += 1
            else:
                freed.entries += 1
                freed.bytes += entry.bytes
        yield kind, freed
