"""Queries on releases."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from taxiway.server.database import ReleaseRow
from taxiway.server.paging import page_of


def next_number(session: Session, workflow_id: str) -> int:
    query = select(func.max(ReleaseRow.number)).where(ReleaseRow.workflow_id == workflow_id)
    return (session.scalar(query) or 0) + 1


def by_number(session: Session, workflow_id: str, number: int) -> ReleaseRow | None:
    return session.scalar(
        select(ReleaseRow).where(ReleaseRow.workflow_id == workflow_id, ReleaseRow.number == number)
    )


def page(
    session: Session, workflow_id: str, *, below: int | None, limit: int
) -> tuple[list[ReleaseRow], bool, int]:
    """Releases of a workflow, newest first; whether more follow; how many there are."""
    statement = select(ReleaseRow).where(ReleaseRow.workflow_id == workflow_id)
    after = None if below is None else (below,)
    keys = (ReleaseRow.number,)
    return page_of(session, statement, keys, limit=limit, after=after, descending=True)


def preparing(session: Session, workflow_id: str | None = None) -> Sequence[ReleaseRow]:
    """Releases whose deploy has begun and not come to publishing, in the order of their numbers."""
    query = select(ReleaseRow).where(ReleaseRow.state == "preparing")
    if workflow_id is not None:
        query = query.where(ReleaseRow.workflow_id == workflow_id)
    return session.scalars(query.order_by(ReleaseRow.workflow_id, ReleaseRow.number)).all()


def newest_ready(session: Session, workflow_id: str) -> ReleaseRow | None:
    """The newest release that Airflow was seen to show."""
    return session.scalar(
        select(ReleaseRow)
        .where(ReleaseRow.workflow_id == workflow_id, ReleaseRow.state == "ready")
        .order_by(ReleaseRow.number.desc())
        .limit(1)
    )
