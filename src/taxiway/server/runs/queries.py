"""Queries on runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select, true
from sqlalchemy.orm import Session

from taxiway.server.database import CursorRow, ReleaseRow, RunRow
from taxiway.server.orchestrator.port import ACTIVE


def by_airflow_id(session: Session, dag_id: str, airflow_run_id: str) -> RunRow | None:
    return session.scalar(
        select(RunRow).where(RunRow.dag_id == dag_id, RunRow.airflow_run_id == airflow_run_id)
    )


def active(session: Session, workflow_id: str) -> Sequence[RunRow]:
    """The runs of a workflow that have not ended, oldest first."""
    query = select(RunRow).where(RunRow.workflow_id == workflow_id, RunRow.state.in_(ACTIVE))
    return session.scalars(query.order_by(RunRow.created_at, RunRow.id)).all()


def newest_first(
    session: Session,
    workflow_id: str | None,
    *,
    after: tuple[datetime, str] | None,
    limit: int,
) -> Sequence[RunRow]:
    """A page of runs; `after` is the (created_at, id) of the last one of the page before."""
    query = select(RunRow).where(_of(workflow_id))
    if after is not None:
        moment, run_id = after
        query = query.where(
            or_(
                RunRow.created_at < moment,
                and_(RunRow.created_at == moment, RunRow.id < run_id),
            )
        )
    query = query.order_by(RunRow.created_at.desc(), RunRow.id.desc()).limit(limit)
    return session.scalars(query).all()


def count(session: Session, workflow_id: str | None) -> int:
    query = select(func.count()).select_from(RunRow).where(_of(workflow_id))
    return session.scalar(query) or 0


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


def _of(workflow_id: str | None) -> ColumnElement[bool]:
    return true() if workflow_id is None else RunRow.workflow_id == workflow_id
