"""Whether the params that a run is given fit its tasks: known before anything starts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from taxiway.errors import Invalid, Problem
from taxiway.git.snapshot import use_snapshot
from taxiway.release.check import SOURCE_LIMIT, Read, check_overrides
from taxiway.release.model import Release
from taxiway.server.database import ReleaseRow
from taxiway.server.releases.records import release_of
from taxiway.storage.cache import Cache
from taxiway.storage.store import Storage

Params = dict[str, dict[str, Any]]


class Overrides:
    """Reads the sources of a release from its snapshot, which the deploy left in the cache."""

    def __init__(self, storage: Storage, cache: Cache) -> None:
        self._storage = storage
        self._cache = cache

    def require_fit(self, row: ReleaseRow, params: Params) -> None:
        """`Invalid` (`params-refused`, `param-not-taken`) with the place of each misfit."""
        release = release_of(row)
        if release is None or not params:
            return
        _refuse(_unknown_tasks(release, params))
        with self._reader(release) as read:
            _refuse(check_overrides(release.workflow, read, params))

    @contextmanager
    def _reader(self, release: Release) -> Iterator[Read | None]:
        if release.tree is None:
            yield None
            return
        with use_snapshot(release.tree, self._storage, self._cache) as snapshot:

            def read(path: str) -> bytes | None:
                file = snapshot / path
                if not file.is_file():
                    return None
                with file.open("rb") as opened:
                    return opened.read(SOURCE_LIMIT + 1)

            yield read


def _unknown_tasks(release: Release, params: Params) -> list[Problem]:
    known = [task.name for task in release.workflow.tasks]
    return [
        Problem(
            "task-not-found",
            f"The release has no task {name[:100]}",
            f"/params/{name.replace('~', '~0').replace('/', '~1')}",
            f"It has: {', '.join(known)}.",
        )
        for name in params
        if name not in known
    ]


def _refuse(problems: list[Problem]) -> None:
    if not problems:
        return
    first = problems[0]
    if len(problems) == 1 and first.code == "param-not-taken":
        raise Invalid(first.code, first.message, hint=first.hint, problems=problems)
    raise Invalid(
        "params-refused",
        "Params were given that the release does not take: " + problems[0].message,
        hint=first.hint,
        problems=problems,
    )
