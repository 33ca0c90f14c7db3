"""What Airflow shall show of a workflow: its current release, with or without a schedule.

A DAG file is rendered and stored before the transaction that publishes it, because no network
call belongs inside; when the workflow has changed meanwhile, it is done again.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from taxiway.errors import Conflict, TaxiwayError, Unavailable
from taxiway.release.model import Release
from taxiway.release.render import Dag, render
from taxiway.release.trigger import functions_to_json
from taxiway.server.database import (
    CursorRow,
    Database,
    PublicationRow,
    ReleaseRow,
    WorkflowRow,
    now,
)
from taxiway.server.notifications.outbox import Outbox
from taxiway.server.publishing import publications
from taxiway.server.publishing.publisher import Publisher
from taxiway.server.publishing.signals import Signals
from taxiway.server.releases import heads, history, holds, queries
from taxiway.server.releases.changes import changes_since
from taxiway.server.releases.prepare import Prepared
from taxiway.server.releases.records import error_to_json, release_of
from taxiway.server.releases.schedule import first_tick_after, iso
from taxiway.storage.store import Storage

log = structlog.get_logger(__name__)

Act = Callable[[Session, WorkflowRow, ReleaseRow | None, ReleaseRow], None]
OWED = "republish:"
UNCHANGED = "Nothing of what runs has changed since release {}: it goes on as it is."


@dataclass(frozen=True)
class _Basis:
    """What of a workflow decides over its DAG file."""

    is_scheduled: bool
    schedule_from: datetime | None
    release_id: str | None


def _basis(workflow: WorkflowRow) -> _Basis:
    active = workflow.is_active and workflow.deleted_at is None
    return _Basis(active, workflow.schedule_from, workflow.current_release_id)


class CurrentReleases:
    """One per server process; several may work on one database."""

    def __init__(
        self,
        database: Database,
        storage: Storage,
        publisher: Publisher,
        signals: Signals,
        outbox: Outbox | None = None,
    ) -> None:
        self._database = database
        self._storage = storage
        self._publisher = publisher
        self._signals = signals
        self._outbox = outbox or Outbox()

    def publish(self, release_id: str, prepared: Prepared) -> None:
        """Seal a release that was preparing and make it the current one; `Conflict`
        (`workflow-deleted`). Nothing happens when another server has done it."""
        while not self._try_publish(release_id, prepared):
            pass
        self._signals.wake()

    def _try_publish(self, release_id: str, prepared: Prepared) -> bool:
        with self._database.reading() as session:
            workflow_id = session.get_one(ReleaseRow, release_id).workflow_id
            workflow = session.get_one(WorkflowRow, workflow_id)
            current = session.get(ReleaseRow, workflow.current_release_id or "")
            number = session.get_one(ReleaseRow, release_id).number
            last = queries.last_sealed(session, workflow_id, number)
        changes = changes_since(last, prepared, self._storage)
        basis = _basis(workflow)
        before = release_of(current) if current else None
        schedule_from = first_tick_after(workflow, before, prepared.release)
        shown = prepared.release
        if current is not None and current.digest == shown.digest:
            # Another commit with equal files runs the same: the DAG stays as it is, commit and all.
            shown = replace(shown, commit=self._commit_in_dag(current))
        dag = self._put_dag(shown, schedule_from if basis.is_scheduled else None)
        above = self._publisher.highest
        with self._database.writing() as session:
            workflow = publications.lock_workflow(session, workflow_id)
            row = session.get_one(ReleaseRow, release_id)
            if row.state != "preparing":
                return True
            if workflow.deleted_at is not None:
                raise Conflict("workflow-deleted", f"{workflow.name} was deleted meanwhile")
            if _basis(workflow) != basis:
                return False
            holds.require_not_held(session, workflow)  # it was rolled back meanwhile
            _seal(row, prepared, dag, current)
            row.changes = changes
            workflow.schedule_from = schedule_from
            workflow.current_release_id = row.id
            _write_back(workflow, prepared.release)
            heads.taken(session, workflow, row)
            _publish(session, workflow, row, dag, above)
            history.published(session, workflow, row, current)
        return True

    def go_back(self, workflow_id: str, release_id: str, act: Act) -> None:
        """Make an earlier release the current one. `act` is called in the transaction that does
        it, with the release that was current and the one that is, and may refuse."""
        while not self._try_go_back(workflow_id, release_id, act):
            pass
        self._signals.wake()

    def _try_go_back(self, workflow_id: str, release_id: str, act: Act) -> bool:
        with self._database.reading() as session:
            workflow = session.get_one(WorkflowRow, workflow_id)
            current = session.get(ReleaseRow, workflow.current_release_id or "")
            release = release_of(session.get_one(ReleaseRow, release_id))
        if release is None:
            raise Unavailable("release-not-ready", f"{workflow.name} has no such sealed release")
        basis = _basis(workflow)
        before = release_of(current) if current else None
        schedule_from = first_tick_after(workflow, before, release)
        dag = self._put_dag(release, schedule_from if basis.is_scheduled else None)
        above = self._publisher.highest
        with self._database.writing() as session:
            workflow = publications.lock_workflow(session, workflow_id)
            row = session.get_one(ReleaseRow, release_id, with_for_update=True)
            if workflow.deleted_at is not None:
                raise Conflict("workflow-deleted", f"{workflow.name} was deleted meanwhile")
            if _basis(workflow) != basis:
                return False
            act(session, workflow, current, row)
            row.state, row.dag_digest, row.tag = "publishing", dag.digest, dag.tag
            workflow.schedule_from = schedule_from
            workflow.current_release_id = row.id
            workflow.git_commit_sha = row.commit or workflow.git_commit_sha
            _publish(session, workflow, row, dag, above)
        return True

    def owe(self, session: Session, workflow_id: str) -> None:
        """Record, in this transaction, that the workflow has to be shown again."""
        session.merge(CursorRow(name=OWED + workflow_id, moment=now()))

    def settle_owed(self) -> None:
        with self._database.reading() as session:
            names = session.scalars(
                select(CursorRow.name).where(CursorRow.name.startswith(OWED))
            ).all()
        for name in names:
            self.republish(name.removeprefix(OWED))

    def republish(self, workflow_id: str) -> None:
        """Show the current release as `is_active` says; without one, take the workflow out."""
        while not self._try_republish(workflow_id):
            pass

    def _try_republish(self, workflow_id: str) -> bool:
        with self._database.reading() as session:
            workflow = session.get_one(WorkflowRow, workflow_id)
            row = session.get(ReleaseRow, workflow.current_release_id or "")
        basis = _basis(workflow)
        release = release_of(row) if row else None
        moment = workflow.schedule_from if basis.is_scheduled else None
        dag = self._put_dag(release, moment) if release else None
        above = self._publisher.highest
        with self._database.writing() as session:
            workflow = publications.lock_workflow(session, workflow_id)
            if _basis(workflow) != basis:
                return False
            session.execute(delete(CursorRow).where(CursorRow.name == OWED + workflow_id))
            shown = publications.latest(session, workflow_id)
            digest = dag.digest if dag else None
            if shown is not None and shown.dag_digest != digest:
                publications.record(session, workflow, row if dag else None, dag, above=above)
                self._signals.wake()
        return True

    def broken(self, publication: PublicationRow, error: TaxiwayError) -> None:
        """The release has failed, and the one that was shown before it is current again."""
        with self._database.writing() as session:
            workflow = publications.lock_workflow(session, publication.workflow_id)
            session.get_one(PublicationRow, publication.id).confirmed_at = now()
            release = session.get(ReleaseRow, publication.release_id)
            if release is None or workflow.deleted_at is not None:
                return
            if release.state != "failed":
                release.state, release.error = "failed", error_to_json(error)
                self._outbox.deploy_failed(session, release)
                history.failed(session, release, error)
            if workflow.current_release_id != release.id:
                return
            generation = publication.generation
            earlier = queries.shown_before(
                session, workflow.id, generation
            ) or queries.newest_ready(session, workflow.id)
            workflow.current_release_id = earlier.id if earlier else None
            if earlier and earlier.commit and workflow.git_update_policy != "pinned":
                workflow.git_commit_sha = earlier.commit
            self.owe(session, workflow.id)
        log.error("release-failed", workflow_id=publication.workflow_id, reason=error.message)
        self._signals.wake()

    def _commit_in_dag(self, row: ReleaseRow) -> str | None:
        """The commit that the DAG of a release names: that of the first one with its files."""
        source = self._storage.get(f"dags/{row.dag_digest}.py").decode()
        found = re.search(r'"commit": "([0-9a-f]{40,64})"', source)
        return found[1] if found else row.commit

    def _put_dag(self, release: Release, schedule_from: datetime | None) -> Dag:
        scheduled = schedule_from if release.workflow.schedule else None
        dag = render(release, schedule_from=iso(scheduled))
        self._storage.put(f"dags/{dag.digest}.py", dag.source)
        return dag


def _publish(
    session: Session, workflow: WorkflowRow, row: ReleaseRow, dag: Dag, above: int
) -> None:
    shown = publications.latest(session, workflow.id)
    if shown is None or shown.dag_digest != dag.digest:
        row.generation = publications.record(session, workflow, row, dag, above=above).generation
        return
    # Nothing that Airflow could see has changed: it has this DAG, or will soon.
    shown.release_id = row.id
    row.generation = shown.generation
    if shown.confirmed_at is not None:
        row.state, row.ready_at = "ready", now()


def _write_back(workflow: WorkflowRow, release: Release) -> None:
    """The commit that the deploy took, unless the workflow was told another one meanwhile."""
    same = workflow.git_repository == release.workflow.git_repository
    if release.commit and same and workflow.git_update_policy != "pinned":
        workflow.git_commit_sha = release.commit


def _seal(row: ReleaseRow, prepared: Prepared, dag: Dag, before: ReleaseRow | None) -> None:
    release = prepared.release
    row.unchanged = before is not None and before.digest == release.digest
    row.state = "publishing"
    row.digest = release.digest
    row.commit = release.commit
    row.ref = prepared.ref
    row.tree = release.tree
    row.lock = release.lock
    row.python = release.python
    row.environments = prepared.environments
    row.dag_digest = dag.digest
    row.tag = dag.tag
    row.notes = list(prepared.notes)
    if before is not None and row.unchanged:
        row.notes = [*row.notes, UNCHANGED.format(before.number)]
    row.sealed = release.to_bytes().decode()
    row.functions = functions_to_json(prepared.functions)
    if prepared.facts is not None:
        row.commit_author, row.commit_message = prepared.facts.author, prepared.facts.message
        row.committed_at = prepared.facts.committed_at
