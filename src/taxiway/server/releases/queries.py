"""Queries on releases."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from taxiway.server.database import ReleaseRow


def next_number(session: Session, workflow_id: str) -> int:
    query = select(func.max(ReleaseRow.number)).where(ReleaseRow.workflow_id == workflow_id)
    return (session.scalar(query) or 0) + 1


def by_number(session: Session, workflow_id: str, number: int) -> ReleaseRow | None:
    return session.scalar(
        select(ReleaseRow).where(ReleaseRow.workflow_id == workflow_id, ReleaseRow.number == number)
    )


def newest_first(
    session: Session, workflow_id: str, *, below: int | None, limit: int
) -> Sequence[ReleaseRow]:
    query = select(ReleaseRow).where(ReleaseRow.workflow_id == workflow_id)
    if below is not None:
        query = query.where(ReleaseRow.number < below)
    return session.scalars(query.order_by(ReleaseRow.number.desc()).limit(limit)).all()


def count(session: Session, workflow_id: str) -> int:
    query = select(func.count()).where(ReleaseRow.workflow_id == workflow_id)
    return session.scalar(query) or 0


def preparing(session: Session, workflow_id: str | None = None) -> Sequence[ReleaseRow]:
    """Releases whose deploy has begun and not come to publishing, in the order of their numbers."""
    query = select(ReleaseRow).where(ReleaseRow.state == "preparing")
    if workflow_id is not None:
        query = query.where(ReleaseRow.workflow_id == workflow_id)
    return session.scalars(query.order_by(ReleaseRow.workflow_id, ReleaseRow.number)).all()
