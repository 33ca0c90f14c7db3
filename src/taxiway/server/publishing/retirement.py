"""Taking deleted workflows out of Airflow, in the only order that leaves nothing frozen.

A run whose DAG has gone never ends, so: show the DAG without its schedule, cancel what runs, wait
for its end, unpublish, and when Airflow shows the DAG no more, erase it there. Our own record of
the runs stays. Every step may be repeated.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from taxiway.server.database import Database, PublicationRow, RunRow, WorkflowRow, now
from taxiway.server.orchestrator.port import ACTIVE, Orchestrator, RunState
from taxiway.server.publishing import publications
from taxiway.server.publishing.publisher import Publisher
from taxiway.server.publishing.showing import Showing

log = structlog.get_logger(__name__)

Record = Callable[[RunState], RunRow | None]


class Retirement:
    """`record` keeps our record of a run up to date with what Airflow says of it."""

    def __init__(
        self,
        database: Database,
        publisher: Publisher,
        orchestrator: Orchestrator,
        showing: Showing,
        record: Record,
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._orchestrator = orchestrator
        self._showing = showing
        self._record = record

    def begin(self, workflow_id: str) -> bool:
        """Whether the workflow is retired already: nothing is published of it."""
        with self._database.writing() as session:
            workflow = publications.lock_workflow(session, workflow_id)
            shown = publications.latest(session, workflow_id)
            gone = shown is None or (shown.release_id is None and shown.confirmed_at is not None)
            if gone and workflow.retired_at is None:
                self.finish(session, workflow_id)
            return gone

    def advance(self, workflow: WorkflowRow) -> None:
        """One pass."""
        if self.begin(workflow.id):
            return
        with self._database.reading() as session:
            shown = publications.latest(session, workflow.id)
        if shown is None or shown.release_id is None:
            return
        self._showing.republish(workflow.id)
        with self._database.reading() as session:
            shown = publications.latest(session, workflow.id)
        # While Airflow may still know a schedule, the next run could start behind our back.
        unscheduled = shown is not None and shown.confirmed_at is not None
        if unscheduled and self._stopped(workflow):
            self._unpublish(workflow.id)

    def is_due(self, publication: PublicationRow) -> bool:
        """Whether what was taken out is to be erased in Airflow, with its history."""
        with self._database.reading() as session:
            workflow = session.get_one(WorkflowRow, publication.workflow_id)
        return workflow.deleted_at is not None and workflow.retired_at is None

    def finish(self, session: Session, workflow_id: str) -> None:
        """Airflow has forgotten the workflow, if it was deleted."""
        workflow = session.get_one(WorkflowRow, workflow_id)
        if workflow.deleted_at is None or workflow.retired_at is not None:
            return
        moment = now()
        workflow.retired_at = moment
        session.execute(
            update(RunRow)
            .where(RunRow.workflow_id == workflow_id, RunRow.state.in_(ACTIVE))
            .values(state="canceled", cancel_requested_at=moment, ended_at=moment)
        )
        # The DAG id may be used again, and then Airflow gives the ids of scheduled runs out again.
        mine = select(RunRow).where(
            RunRow.workflow_id == workflow_id,
            RunRow.airflow_run_id.not_like("taxiway\\_\\_%", "\\"),
        )
        for run in session.scalars(mine):
            run.airflow_run_id = f"{run.airflow_run_id[:213]}~{run.id}"

    def _stopped(self, workflow: WorkflowRow) -> bool:
        """Cancel what runs; whether nothing does."""
        active = self._orchestrator.active_runs(workflow.dag_id)
        for state in active:
            row = self._record(state)
            if row is not None and row.cancel_requested_at is None:
                self._mark(row.id)
            self._orchestrator.cancel(state.dag_id, state.airflow_run_id)
        if active:
            return False
        with self._database.reading() as session:
            open_rows = publications.active_runs(session, workflow.id)
        for row in open_rows:  # ended, and not read yet: soon Airflow's own record is gone
            ended = self._orchestrator.run(row.dag_id, row.airflow_run_id)
            if ended is not None:
                self._record(ended)
        return True

    def _mark(self, run_id: str) -> None:
        with self._database.writing() as session:
            session.get_one(RunRow, run_id).cancel_requested_at = now()

    def _unpublish(self, workflow_id: str) -> None:
        above = self._publisher.highest
        with self._database.writing() as session:
            workflow = publications.lock_workflow(session, workflow_id)
            shown = publications.latest(session, workflow_id)
            if shown is None or shown.release_id is not None:
                publications.record(session, workflow, None, None, above=above)
        log.info("workflow-unpublished", dag_id=workflow.dag_id)
