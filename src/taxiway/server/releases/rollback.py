"""Going back to an earlier release: no fetch, no resolve, no build, and then a hold."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from sqlalchemy.orm import Session

from taxiway.errors import Conflict, TaxiwayError, Unavailable
from taxiway.server.audit.record import record
from taxiway.server.database import Database, ReleaseRow, RunRow, WorkflowRow
from taxiway.server.publishing.publisher import Publisher
from taxiway.server.releases import history, holds, queries
from taxiway.server.releases.current import CurrentReleases
from taxiway.server.releases.differences import Differences, differences
from taxiway.server.releases.orders import RollbackOrder
from taxiway.server.releases.records import release_of
from taxiway.server.releases.service import get_release
from taxiway.server.workflows import service as workflows
from taxiway.storage.store import Storage

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Plan:
    """What a rollback changes: from one release to another, and the runs of the one that is left."""

    workflow: WorkflowRow
    abandoned: ReleaseRow | None
    target: ReleaseRow
    changes: Differences
    runs: list[RunRow]
    runs_total: int


class Rollback:
    """One per server process."""

    def __init__(
        self, database: Database, storage: Storage, current: CurrentReleases, publisher: Publisher
    ) -> None:
        self._database = database
        self._storage = storage
        self._current = current
        self._publisher = publisher

    def plan(self, workflow_id: str, number: int) -> Plan:
        """What it would change; `Conflict` where the release cannot run any more."""
        with self._database.reading() as session:
            workflow = workflows.get(session, workflow_id)
            target = get_release(session, workflow_id, number)
            require_whole(target, workflow)
            abandoned = session.get(ReleaseRow, workflow.current_release_id or "")
            left = abandoned.id if abandoned and abandoned.id != target.id else None
            runs, total = queries.runs_of(session, left) if left else ([], 0)
        self._require_stored(target, workflow)
        changes = differences(abandoned, target, self._storage)
        return Plan(workflow, abandoned, target, changes, runs, total)

    def carry_out(self, plan: Plan, asked: RollbackOrder) -> None:
        """Make the release current and hold the workflow, in one transaction."""

        def act(
            session: Session, workflow: WorkflowRow, before: ReleaseRow | None, row: ReleaseRow
        ) -> None:
            require_whole(row, workflow)
            _record(session, workflow, before, row, asked.message)
            holds.hold(session, workflow, at=row, abandoned=before, reason=asked.message)

        self._current.go_back(plan.workflow.id, plan.target.id, act)
        try:
            self._publisher.publish()
        except TaxiwayError as error:  # it is decided: the reconciler goes on with it
            log.warning("rollback-waits", code=error.code, reason=error.message)

    def _require_stored(self, target: ReleaseRow, workflow: WorkflowRow) -> None:
        """`Conflict` (`release-damaged`) where the storage has not all of it."""
        release = release_of(target)
        keys = [f"releases/{target.digest}.json"]
        if release is not None:
            keys += [f"locks/{key}.txt" for key in release.locks]
            keys += [f"snapshots/{release.tree}.json"] if release.tree else []
        missing = [key for key in keys if not self._storage.exists(key)]
        if missing:
            raise Conflict(
                "release-damaged",
                f"Release {target.number} of {workflow.name} is not whole: the storage lacks "
                + ", ".join(missing),
                hint=f"Set git_commit_sha to {target.commit} and deploy, to make it anew.",
                missing=missing,
            )


def require_whole(row: ReleaseRow, workflow: WorkflowRow) -> None:
    """`Conflict` (`release-removed`, `release-failed`, `release-not-ready`) unless it can run."""
    named = f"Release {row.number} of {workflow.name}"
    if row.removed_at is not None:
        again = f"Set git_commit_sha to {row.commit} and deploy" if row.commit else "Deploy"
        raise Conflict(
            "release-removed",
            f"{named} was removed at {row.removed_at.isoformat(timespec='seconds')}:"
            " its files are gone",
            hint=f"{again}, to make it anew.",
            release=row.number,
        )
    if row.state == "failed":
        raise Conflict(
            "release-failed", f"{named} failed, so it cannot run", hint="Choose another release."
        )
    if row.state == "preparing":
        raise Unavailable(
            "release-not-ready", f"{named} is still being made", hint="Wait for the end of it."
        )


def _record(
    session: Session,
    workflow: WorkflowRow,
    before: ReleaseRow | None,
    row: ReleaseRow,
    message: str | None,
) -> None:
    record(
        session,
        "workflow.rollback",
        kind="workflow",
        id=workflow.id,
        name=workflow.name,
        before=history.facts(before),
        after={**history.facts(row), "message": message},
    )
