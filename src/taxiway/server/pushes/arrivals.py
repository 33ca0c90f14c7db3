"""What becomes of a push that was seen: noted, passed over, or deployed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy.orm import Session

from taxiway.errors import TaxiwayError, Unavailable
from taxiway.git.mirror import Mirror
from taxiway.server.audit.record import record
from taxiway.server.database import Database, ReleaseRow, WorkflowRow, now
from taxiway.server.notifications.outbox import Outbox
from taxiway.server.publishing.publications import lock_workflow
from taxiway.server.pushes import queries
from taxiway.server.releases import history
from taxiway.server.releases.deployer import Deployer
from taxiway.server.releases.queries import next_number
from taxiway.server.releases.records import error_to_json
from taxiway.server.releases.service import PUSHER, start_push
from taxiway.server.workflows.queries import tasks_of
from taxiway.server.workflows.standing import UNCHANGED

AGAIN = timedelta(minutes=5)  # when a deploy is tried again that an outage kept from its end

log = structlog.get_logger(__name__)


class Arrivals:
    """One per server process."""

    def __init__(self, database: Database, deployer: Deployer, outbox: Outbox) -> None:
        self._database = database
        self._deployer = deployer
        self._outbox = outbox

    def consider(
        self, mirror: Mirror, workflows: Sequence[WorkflowRow], heads: Mapping[str, str]
    ) -> None:
        """`heads`: branch → commit. What is wrong with one workflow holds up no other."""
        fresh = [row for row in workflows if _is_fresh(row, heads.get(row.git_branch))]
        folders = {row.git_subdirectory for row in fresh if not row.held}
        for row in fresh:
            head = heads.get(row.git_branch)
            if head is None:
                continue  # the branch is gone, and what runs goes on
            try:
                self._consider(mirror, row, head, whole=len(folders) > 1)
            except Unavailable as error:  # the next look tries again
                log.warning("push-waits", workflow_id=row.id, why=error.message)
            except TaxiwayError as error:
                self._refused(row, head, error)
            except Exception:
                log.exception("push-failed", workflow_id=row.id, commit=head)

    def _consider(self, mirror: Mirror, row: WorkflowRow, head: str, *, whole: bool) -> None:
        with self._database.reading() as session:
            current = session.get(ReleaseRow, row.current_release_id or "")
            if queries.is_deploying(session, row.id):
                return
        if row.held or current is None or current.commit == head:
            self._note(row, head, None)
        elif self._same_files(mirror, row, current, head, whole=whole):
            self._note(row, head, {"code": UNCHANGED, "message": "No file of it differs"})
        else:
            self._deploy(row, head)

    def _same_files(
        self, mirror: Mirror, row: WorkflowRow, current: ReleaseRow, head: str, *, whole: bool
    ) -> bool:
        if whole:  # several folders of it are followed: one fetch has them all
            mirror.fetch(head)
        folder = row.git_subdirectory
        same_place = current.git_repository == row.git_repository
        if current.commit is None or not same_place or current.tree is None:
            return False
        return mirror.tree_of(head, folder) == mirror.tree_of(current.commit, folder)

    def _note(self, row: WorkflowRow, head: str, error: dict[str, Any] | None) -> None:
        with self._database.writing() as session:
            workflow = lock_workflow(session, row.id)
            _mark(session, workflow, head, error)

    def _deploy(self, row: WorkflowRow, head: str) -> None:
        with self._database.writing() as session:
            workflow = lock_workflow(session, row.id)
            if workflow.deleted_at is not None or not _is_fresh(workflow, head):
                return
            _mark(session, workflow, head, None)
            if not workflow.held:
                tasks = tasks_of(session, [row.id]).get(row.id, [])
                start_push(session, workflow, tasks, head)
        self._deployer.submit(row.id)

    def _refused(self, row: WorkflowRow, head: str, error: TaxiwayError) -> None:
        """It could not even be begun: told like any deploy that failed."""
        log.warning("push-refused", workflow_id=row.id, commit=head, why=error.message)
        with self._database.writing() as session:
            workflow = lock_workflow(session, row.id)
            if workflow.deleted_at is not None:
                return
            _mark(session, workflow, head, None)
            release = ReleaseRow(
                workflow_id=row.id,
                number=next_number(session, row.id),
                state="failed",
                error=error_to_json(error),
                commit=head,
                git_repository=row.git_repository,
                git_branch=row.git_branch,
                deployed_by=PUSHER,
                cause="push",
            )
            session.add(release)
            session.flush()
            history.failed(session, release, error)
            self._outbox.deploy_failed(session, release)


def _is_fresh(workflow: WorkflowRow, head: str | None) -> bool:
    """Whether it is to be considered: a push that was not, or one that the world held up."""
    if workflow.pushed_commit != head:
        return True
    waited = workflow.pushed_at is None or now() - workflow.pushed_at > AGAIN
    return waited and (workflow.push_error or {}).get("kind") == "Unavailable"


def _mark(session: Session, workflow: WorkflowRow, head: str, error: dict[str, Any] | None) -> None:
    before = workflow.pushed_commit
    workflow.pushed_commit, workflow.pushed_at, workflow.push_error = head, now(), error
    record(
        session,
        "workflow.push",
        kind="workflow",
        id=workflow.id,
        name=workflow.name,
        before={"commit": before},
        after={"commit": head, "held": workflow.held, "unchanged": error is not None},
        who=PUSHER,
    )
