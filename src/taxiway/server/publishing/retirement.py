"""Taking deleted workflows out of Airflow, in the only order that leaves nothing frozen.

A run whose DAG has gone never ends, so: cancel what runs, wait for its end, unpublish, and when
Airflow shows the DAG no more, erase it there. Our own record of the runs stays.
"""

from __future__ import annotations

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from taxiway.server.database import Database, PublicationRow, RunRow, WorkflowRow, now
from taxiway.server.orchestrator.port import ACTIVE, Orchestrator
from taxiway.server.publishing import publications
from taxiway.server.publishing.publisher import Publisher

log = structlog.get_logger(__name__)


def retiring(session: Session) -> list[WorkflowRow]:
    """Workflows that were deleted and that Airflow may still know."""
    query = select(WorkflowRow).where(
        WorkflowRow.deleted_at.is_not(None), WorkflowRow.retired_at.is_(None)
    )
    return list(session.scalars(query))


def advance(database: Database, publisher: Publisher, orchestrator: Orchestrator) -> bool:
    """One pass over the deleted workflows; True while one of them still has a step to go."""
    with database.reading() as session:
        workflows = retiring(session)
    for workflow in workflows:
        _advance(workflow, database, publisher, orchestrator)
    return bool(workflows)


def _advance(
    workflow: WorkflowRow, database: Database, publisher: Publisher, orchestrator: Orchestrator
) -> None:
    shown = finish_unpublished(database, workflow)
    if shown is None:
        return
    if shown.release_id is not None and not _stop_runs(workflow, database, orchestrator):
        above = publisher.highest
        with database.writing() as session:
            publications.record(session, workflow, None, None, above=above)
        log.info("workflow-unpublished", dag_id=workflow.dag_id)


def _stop_runs(workflow: WorkflowRow, database: Database, orchestrator: Orchestrator) -> bool:
    """Cancel what is active; True while something is."""
    with database.writing() as session:
        query = select(RunRow).where(RunRow.workflow_id == workflow.id, RunRow.state.in_(ACTIVE))
        runs = list(session.scalars(query))
        fresh = [run for run in runs if run.cancel_requested_at is None]
        for run in fresh:
            run.cancel_requested_at = now()
    for run in fresh:
        state = orchestrator.run(run.dag_id, run.airflow_run_id)
        if state is not None and state.is_active:
            orchestrator.cancel(run.dag_id, run.airflow_run_id)
    return bool(runs)


def finish_unpublished(database: Database, workflow: WorkflowRow) -> PublicationRow | None:
    """A workflow that was never published is done with; else what is published of it."""
    with database.writing() as session:
        shown = publications.latest(session, workflow.id)
        if shown is None:
            session.get_one(WorkflowRow, workflow.id).retired_at = now()
    return shown
