"""Removes old releases and what only they had; says what it freed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import structlog
from sqlalchemy.orm import Session

from taxiway.errors import Conflict, TaxiwayError
from taxiway.server.audit.record import record
from taxiway.server.cleanup import lease
from taxiway.server.cleanup.mirrors import sweep_mirrors
from taxiway.server.cleanup.retention import Retention, expired, workflows_beyond
from taxiway.server.cleanup.sweep import Freed, needed, sweep_cache, sweep_storage
from taxiway.server.cleanup.values import named, oldest_kept, sweep_values
from taxiway.server.database import CursorRow, Database, ReleaseRow, WorkflowRow, now
from taxiway.server.orchestrator.port import Orchestrator
from taxiway.server.publishing.publications import lock_workflow, release_at
from taxiway.storage.cache import Cache
from taxiway.storage.store import Storage

log = structlog.get_logger(__name__)

WHO = "taxiway:cleanup"
LAST = "cleanup-done"
POLL_SECONDS = 60.0


@dataclass(frozen=True)
class Report:
    """What went: releases with their workflows, and by folder or kind what they had."""

    releases: list[tuple[WorkflowRow, ReleaseRow]]
    storage: dict[str, Freed]
    cache: dict[str, Freed]

    @property
    def freed_bytes(self) -> int:
        return sum(one.bytes for one in (*self.storage.values(), *self.cache.values()))


class Janitor:
    """A thread of the server; `clean` is one pass, for requests and tests too."""

    def __init__(
        self,
        database: Database,
        storage: Storage,
        cache: Cache,
        orchestrator: Orchestrator,
        policy: Retention,
        mirror_key: Callable[[str, str], str],
        *,
        hours: float,
    ) -> None:
        self._database = database
        self._storage = storage
        self._cache = cache
        self._orchestrator = orchestrator
        self._policy = policy
        self._mirror_key = mirror_key
        self._pause = timedelta(hours=hours)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="janitor", daemon=True)

    def start(self) -> None:
        if self._pause:
            self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def _loop(self) -> None:
        while not self._stopping.wait(POLL_SECONDS):
            try:
                if self._is_due():
                    self.clean(who=WHO)
            except TaxiwayError as error:
                log.warning("cleanup-waits", code=error.code, reason=error.message)
            except Exception:
                log.exception("cleanup-failed")

    def _is_due(self) -> bool:
        with self._database.reading() as session:
            last = session.get(CursorRow, LAST)
        return last is None or now() - last.moment > self._pause

    def clean(self, *, dry_run: bool = False, who: str | None = None) -> Report:
        """Remove what may go, or say what would. `Conflict` (`cleanup-waits`) while a deploy is
        being made: it may be about to use what nothing uses yet."""
        if dry_run:
            return self._clean(dry_run=True, who=who)
        if not lease.take(self._database):
            raise Conflict(
                "cleanup-waits",
                "A deploy is being made, or another clean-up goes on",
                hint="Try again when it has ended.",
            )
        try:
            return self._clean(dry_run=False, who=who)
        finally:
            lease.give_back(self._database)

    def _clean(self, *, dry_run: bool, who: str | None) -> Report:
        releases = self._expired() if dry_run else self._remove_expired(who)
        gone = [row.id for _, row in releases]
        with self._database.reading() as session:
            live = needed(session, self._storage, gone)
            before = oldest_kept(session, self._policy)
            told = named(session, self._storage, before)
        mirrors = {self._mirror_key(workflow, url) for workflow, url in live.repositories}
        freed: dict[str, dict[str, Freed]] = {"storage": {}, "cache": {}}
        steps = (
            ("storage", partial(sweep_storage, self._storage, live, dry_run=dry_run)),
            ("storage", partial(sweep_values, self._storage, told, before, dry_run=dry_run)),
            ("cache", partial(sweep_cache, self._cache, live, dry_run=dry_run)),
            ("cache", partial(sweep_mirrors, self._cache, mirrors, dry_run=dry_run)),
        )
        for place, step in steps:
            for name, one in step():
                freed[place][name] = one
                if not dry_run:
                    lease.renew(self._database)
        report = Report(releases, freed["storage"], freed["cache"])
        if not dry_run:
            self._tell(report, who)
        return report

    def _expired(self) -> list[tuple[WorkflowRow, ReleaseRow]]:
        with self._database.reading() as session:
            found = [
                (workflow, expired(session, workflow, self._policy))
                for workflow in workflows_beyond(session)
            ]
        free = []
        for workflow, rows in found:
            running = self._running(workflow) if rows else ()
            free += [(workflow, row) for row in rows if row.id not in running]
        return free

    def _remove_expired(self, who: str | None) -> list[tuple[WorkflowRow, ReleaseRow]]:
        removed = []
        for workflow, row in self._expired():
            with self._database.writing() as session:
                fresh = lock_workflow(session, workflow.id)
                still = {one.id: one for one in expired(session, fresh, self._policy)}
                if row.id in still:
                    still[row.id].removed_at = now()
                    _record(session, fresh, row, who)
                    removed.append((fresh, row))
        return removed

    def _running(self, workflow: WorkflowRow) -> set[str]:
        """What Airflow runs of the workflow now, also where our record is not that far yet."""
        states = self._orchestrator.active_runs(workflow.dag_id)
        with self._database.reading() as session:
            found = {
                release_at(session, workflow.id, state.generation)
                for state in states
                if state.generation is not None
            }
        return {one for one in found if one is not None}

    def _tell(self, report: Report, who: str | None) -> None:
        after = {
            "releases": len(report.releases),
            "freed_bytes": report.freed_bytes,
            "storage": {name: vars(one) for name, one in report.storage.items()},
            "cache": {name: vars(one) for name, one in report.cache.items()},
        }
        with self._database.writing() as session:
            session.merge(CursorRow(name=LAST, moment=now()))
            record(
                session,
                "storage.cleanup",
                kind="storage",
                id="storage",
                name="storage and cache",
                after=after,
                who=who,
            )
        log.info("cleaned-up", releases=len(report.releases), freed_bytes=report.freed_bytes)


def _record(session: Session, workflow: WorkflowRow, row: ReleaseRow, who: str | None) -> None:
    record(
        session,
        "release.remove",
        kind="workflow",
        id=workflow.id,
        name=workflow.name,
        before={"release": row.number, "commit": row.commit, "digest": row.digest},
        after={"removed": True},
        who=who,
    )
