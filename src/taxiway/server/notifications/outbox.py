"""Writes down what has to be heard, in the transaction that records what it tells of.

So none is lost and none is written twice: who records a run's end holds the run's row, and the
transition is seen once, whatever servers look at it.
"""

from __future__ import annotations

import threading

from sqlalchemy.orm import Session

from taxiway.server.database import (
    NotificationRow,
    ReleaseRow,
    RunRow,
    WorkflowRow,
    after_commit,
    now,
)
from taxiway.server.database.tables import new_id
from taxiway.server.notifications import messages, queries
from taxiway.server.notifications.messages import Links


class Outbox:
    """One per server process. `news` is set when there is something new to deliver."""

    def __init__(self, links: Links | None = None, *, has_default: bool = False) -> None:
        self._links = links or Links("", "")
        self._has_default = has_default
        self.news = threading.Event()

    def run_ended(self, session: Session, run: RunRow) -> None:
        """A run has newly come to `run.state`; the caller holds its row."""
        if run.state not in ("success", "failed"):
            return
        # Two runs that succeed at once are not both the first one after a failure.
        workflow = session.get_one(
            WorkflowRow, run.workflow_id, with_for_update={"key_share": True}
        )
        if not self._is_heard(workflow):
            return
        if run.state == "failed":
            self._add(session, workflow, "run-failed", run, run.release_id)
        elif queries.last_event(session, workflow.id) == "run-failed":
            self._add(session, workflow, "run-recovered", run, run.release_id)

    def deploy_failed(self, session: Session, release: ReleaseRow) -> None:
        """A release has newly failed; the caller holds its row or its workflow's."""
        workflow = session.get_one(WorkflowRow, release.workflow_id)
        if self._is_heard(workflow):
            self._add(session, workflow, "deploy-failed", None, release.id)

    def test(self, session: Session, workflow: WorkflowRow) -> NotificationRow:
        """A notification that tells of nothing; its caller delivers it."""
        return self._add(session, workflow, "test", None, workflow.current_release_id)

    def _is_heard(self, workflow: WorkflowRow) -> bool:
        return workflow.notify_url is not None or self._has_default

    def _add(
        self,
        session: Session,
        workflow: WorkflowRow,
        event: str,
        run: RunRow | None,
        release_id: str | None,
    ) -> NotificationRow:
        release = session.get(ReleaseRow, release_id or "")
        row = NotificationRow(
            id=new_id(), workflow_id=workflow.id, event=event, attempts=0, state="pending"
        )
        row.created_at = row.due_at = now()
        row.body = messages.body(row, workflow, run, release, self._links)
        session.add(row)
        after_commit(session, self.news.set)
        return row
