"""Carries deploys out: those of one workflow one after another, in the order of their numbers.

What was asked for is in the database before the work begins, so a deploy that was killed goes on
at the next start. A deploy ends `ready`, or `failed` with the reason; none is lost silently.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import structlog

from taxiway.errors import Conflict, TaxiwayError
from taxiway.release.model import Release
from taxiway.release.render import Dag, render
from taxiway.server.database import Database, ReleaseRow, WorkflowRow, now
from taxiway.server.publishing import publications
from taxiway.server.publishing.publisher import Publisher
from taxiway.server.publishing.reconciler import Reconciler
from taxiway.server.releases import queries
from taxiway.server.releases.prepare import Prepared, Workshop, prepare
from taxiway.server.releases.records import error_to_json, order_of, release_of
from taxiway.server.releases.schedule import first_tick_after, iso

log = structlog.get_logger(__name__)

ENDED = ("ready", "failed")


class Deployer:
    """One per server process."""

    def __init__(
        self, database: Database, shop: Workshop, publisher: Publisher, *, workers: int = 4
    ) -> None:
        self._database = database
        self._shop = shop
        self._publisher = publisher
        self._reconciler: Reconciler | None = None
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="deploy")
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._changed = threading.Condition()

    def start(self, reconciler: Reconciler) -> None:
        """Take up what an earlier process left."""
        self._reconciler = reconciler
        with self._database.reading() as session:
            left = {row.workflow_id for row in queries.preparing(session)}
        for workflow_id in left:
            self.submit(workflow_id)

    def stop(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def submit(self, workflow_id: str) -> None:
        """Carry out the open deploys of the workflow, soon."""
        self._pool.submit(self._work, workflow_id)

    def changed(self) -> None:
        """Wake everybody who waits for a release."""
        with self._changed:
            self._changed.notify_all()

    def wait(self, release_id: str, seconds: float) -> ReleaseRow:
        """The release when it has ended, or as it is after `seconds`."""
        deadline = time.monotonic() + seconds
        while True:
            with self._database.reading() as session:
                row = session.get_one(ReleaseRow, release_id)
            left = deadline - time.monotonic()
            if row.state in ENDED or left <= 0:
                return row
            self.pause_for_change(min(left, 0.2))

    def pause_for_change(self, seconds: float) -> None:
        """Return when something arrived in Airflow or a deploy ended, or after `seconds`."""
        with self._changed:
            self._changed.wait(seconds)

    def _work(self, workflow_id: str) -> None:
        with self._locks[workflow_id]:
            with self._database.reading() as session:
                left = queries.preparing(session, workflow_id)
            for row in left:
                self._deploy(row)

    def _deploy(self, row: ReleaseRow) -> None:
        try:
            prepared = prepare(order_of(row), self._shop)
            self._publish(row.id, prepared)
        except TaxiwayError as error:
            self._fail(row.id, error)
        except Exception:
            log.exception("deploy-failed", release_id=row.id)
            self._fail(
                row.id,
                TaxiwayError(
                    "internal-error",
                    "The deploy failed by a fault of Taxiway",
                    hint="The server's log has the details; please report them.",
                ),
            )
        self.changed()

    def _publish(self, release_id: str, prepared: Prepared) -> None:
        schedule_from, is_active = self._schedule_from(release_id, prepared.release)
        dag = self.put_dag(prepared.release, schedule_from if is_active else None)
        above = self._publisher.highest
        with self._database.writing() as session:
            row = session.get_one(ReleaseRow, release_id)
            workflow = session.get_one(WorkflowRow, row.workflow_id)
            if workflow.deleted_at is not None:
                raise Conflict("workflow-deleted", f"{workflow.name} was deleted meanwhile")
            _seal(row, prepared, dag)
            workflow.schedule_from = schedule_from
            workflow.current_release_id = row.id
            if prepared.release.commit and workflow.git_update_policy != "pinned":
                workflow.git_commit_sha = prepared.release.commit
            shown = publications.latest(session, workflow.id)
            if shown is not None and shown.dag_digest == dag.digest:
                # Nothing that Airflow could see has changed: it has this DAG, or will soon.
                shown.release_id = row.id
                row.generation = shown.generation
                if shown.confirmed_at is not None:
                    row.state, row.ready_at = "ready", now()
            else:
                publication = publications.record(session, workflow, row, dag, above=above)
                row.generation = publication.generation
            changed_meanwhile = workflow.is_active != is_active
        if changed_meanwhile:
            self.republish(row.workflow_id)
        self._wake()

    def put_dag(self, release: Release, schedule_from: datetime | None) -> Dag:
        scheduled = schedule_from if release.workflow.schedule else None
        dag = render(release, schedule_from=iso(scheduled))
        self._shop.storage.put(f"dags/{dag.digest}.py", dag.source)
        return dag

    def republish(self, workflow_id: str) -> None:
        """Show the current release again, with or without its schedule, as `is_active` says."""
        with self._database.reading() as session:
            workflow = session.get_one(WorkflowRow, workflow_id)
            row = session.get(ReleaseRow, workflow.current_release_id or "")
        release = release_of(row) if row else None
        if release is None or workflow.deleted_at is not None:
            return
        dag = self.put_dag(release, workflow.schedule_from if workflow.is_active else None)
        above = self._publisher.highest
        with self._database.writing() as session:
            shown = publications.latest(session, workflow_id)
            if shown is None or shown.dag_digest != dag.digest:
                publications.record(session, workflow, row, dag, above=above)
        self._wake()

    def _schedule_from(self, release_id: str, release: Release) -> tuple[datetime | None, bool]:
        with self._database.reading() as session:
            row = session.get_one(ReleaseRow, release_id)
            workflow = session.get_one(WorkflowRow, row.workflow_id)
            current = session.get(ReleaseRow, workflow.current_release_id or "")
        before = release_of(current) if current else None
        return first_tick_after(workflow, before, release), workflow.is_active

    def _fail(self, release_id: str, error: TaxiwayError) -> None:
        with self._database.writing() as session:
            row = session.get_one(ReleaseRow, release_id)
            row.state = "failed"
            row.error = error_to_json(error)

    def _wake(self) -> None:
        if self._reconciler is not None:
            self._reconciler.wake()


def _seal(row: ReleaseRow, prepared: Prepared, dag: Dag) -> None:
    release = prepared.release
    row.state = "publishing"
    row.digest = release.digest
    row.commit = release.commit
    row.tree = release.tree
    row.lock = release.lock
    row.dag_digest = dag.digest
    row.tag = dag.tag
    row.notes = list(prepared.notes)
    row.sealed = release.to_bytes().decode()
