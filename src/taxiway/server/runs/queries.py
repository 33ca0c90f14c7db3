"""Queries on runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from taxiway.server.database import CursorRow, ReleaseRow, RunRow
from taxiway.server.orchestrator.port import ACTIVE
from taxiway.server.paging import page_of


def by_airflow_id(session: Session, dag_id: str, airflow_run_id: str) -> RunRow | None:
    return session.scalar(
        select(RunRow).where(RunRow.dag_id == dag_id, RunRow.airflow_run_id == airflow_run_id)
    )


def all_active(session: Session) -> Sequence[RunRow]:
    """The runs of all workflows that have not ended, oldest first."""
    query = select(RunRow).where(RunRow.state.in_(ACTIVE))
    return session.scalars(query.order_by(RunRow.created_at, RunRow.id)).all()


def page(
    session: Session,
    workflow_id: str | None,
    *,
    after: tuple[datetime, str] | None,
    limit: int,
) -> tuple[list[RunRow], bool, int]:
    """Runs of a workflow, or all, newest first; whether more follow; how many there are."""
    statement = select(RunRow)
    if workflow_id is not None:
        statement = statement.where(RunRow.workflow_id == workflow_id)
    keys = (RunRow.created_at, RunRow.id)
    return page_of(session, statement, keys, limit=limit, after=after, descending=True)


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
