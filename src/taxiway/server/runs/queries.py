"""Queries on runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from taxiway.server.database import CursorRow, ReleaseRow, RunRow, now
from taxiway.server.idempotency.records import KEPT
from taxiway.server.orchestrator.port import ACTIVE
from taxiway.server.paging import Found, page_of
from taxiway.server.runs.listing import WorkflowRunQuery


def by_airflow_id(
    session: Session, dag_id: str, airflow_run_id: str, *, lock: bool = False
) -> RunRow | None:
    """`lock` keeps other writers away until the commit, so that each sees what the last wrote."""
    statement = select(RunRow).where(
        RunRow.dag_id == dag_id, RunRow.airflow_run_id == airflow_run_id
    )
    return session.scalar(statement.with_for_update() if lock else statement)


def of_request(session: Session, key: str) -> RunRow | None:
    """The run that a request with this `Idempotency-Key` made."""
    fresh = RunRow.created_at > now() - KEPT
    return session.scalar(select(RunRow).where(RunRow.request_key == key, fresh).limit(1))


def all_active(session: Session) -> Sequence[RunRow]:
    """The runs of all workflows that have not ended, oldest first."""
    query = select(RunRow).where(RunRow.state.in_(ACTIVE))
    return session.scalars(query.order_by(RunRow.created_at, RunRow.id)).all()


def page(
    session: Session, asked: WorkflowRunQuery, workflow_id: str | None = None
) -> Found[RunRow]:
    """The runs of a workflow, or those that the query names."""
    statement = select(RunRow)
    if workflow_id is not None:
        statement = statement.where(RunRow.workflow_id == workflow_id)
    if asked.release is not None:
        release = select(ReleaseRow.id).where(
            ReleaseRow.workflow_id == workflow_id, ReleaseRow.number == asked.release
        )
        statement = statement.where(RunRow.release_id == release.scalar_subquery())
    if asked.trigger is not None:
        statement = statement.where(RunRow.trigger == asked.trigger)
    if asked.created_after is not None:
        statement = statement.where(RunRow.created_at >= asked.created_after)
    if asked.created_before is not None:
        statement = statement.where(RunRow.created_at < asked.created_before)
    states = (RunRow.state, asked.state)
    keys = (RunRow.created_at, RunRow.id)
    return page_of(session, statement, keys, asked, scope=workflow_id or "", any_of=states)


def releases_of(session: Session, runs: Sequence[RunRow]) -> dict[str, ReleaseRow]:
    """The releases that the runs execute, by id: one query for a page."""
    ids = {run.release_id for run in runs if run.release_id}
    rows = session.scalars(select(ReleaseRow).where(ReleaseRow.id.in_(ids)))
    return {row.id: row for row in rows}


def cursor(session: Session, name: str) -> datetime | None:
    row = session.get(CursorRow, name)
    return row.moment if row else None


def move_cursor(session: Session, name: str, moment: datetime) -> None:
    session.merge(CursorRow(name=name, moment=moment))
