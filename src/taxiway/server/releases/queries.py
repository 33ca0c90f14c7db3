"""Queries on releases."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session, undefer

from taxiway.server.database import PublicationRow, ReleaseRow, RunRow, now
from taxiway.server.idempotency.records import KEPT
from taxiway.server.paging import Found, page_of
from taxiway.server.releases.listing import ReleaseQuery


def next_number(session: Session, workflow_id: str) -> int:
    query = select(func.max(ReleaseRow.number)).where(ReleaseRow.workflow_id == workflow_id)
    return (session.scalar(query) or 0) + 1


def by_number(session: Session, workflow_id: str, number: int) -> ReleaseRow | None:
    return session.scalar(
        select(ReleaseRow).where(ReleaseRow.workflow_id == workflow_id, ReleaseRow.number == number)
    )


def of_request(session: Session, workflow_id: str, key: str | None) -> ReleaseRow | None:
    """What a request with this `Idempotency-Key` made, unless it failed."""
    if key is None:
        return None
    mine = (ReleaseRow.workflow_id == workflow_id) & (ReleaseRow.request_key == key)
    fresh = ReleaseRow.created_at > now() - KEPT
    newest = select(ReleaseRow).where(mine, fresh).order_by(ReleaseRow.number.desc()).limit(1)
    row = session.scalar(newest)
    return row if row is not None and row.state != "failed" else None


def page(session: Session, workflow_id: str, asked: ReleaseQuery) -> Found[ReleaseRow]:
    statement = select(ReleaseRow).where(ReleaseRow.workflow_id == workflow_id)
    if asked.state:
        statement = statement.where(ReleaseRow.state.in_(asked.state))
    return page_of(session, statement, (ReleaseRow.number,), asked, scope=workflow_id)


def preparing(session: Session, workflow_id: str | None = None) -> Sequence[ReleaseRow]:
    """Releases whose deploy has begun and not come to publishing, in the order of their numbers."""
    query = select(ReleaseRow).where(ReleaseRow.state == "preparing")
    if workflow_id is not None:
        query = query.where(ReleaseRow.workflow_id == workflow_id)
    return session.scalars(query.order_by(ReleaseRow.workflow_id, ReleaseRow.number)).all()


def runs_of(session: Session, release_id: str, limit: int = 100) -> tuple[list[RunRow], int]:
    """The newest runs that execute the release, and how many there are."""
    mine = RunRow.release_id == release_id
    total = session.scalar(select(func.count()).select_from(RunRow).where(mine)) or 0
    newest = select(RunRow).where(mine).order_by(RunRow.created_at.desc(), RunRow.id.desc())
    return list(session.scalars(newest.limit(limit))), total


def last_sealed(session: Session, workflow_id: str, below: int) -> ReleaseRow | None:
    """The release before the one with this number, if one was ever sealed."""
    return session.scalar(
        select(ReleaseRow)
        .options(undefer(ReleaseRow.functions))
        .where(
            ReleaseRow.workflow_id == workflow_id,
            ReleaseRow.number < below,
            ReleaseRow.digest.is_not(None),
            ReleaseRow.state != "failed",
        )
        .order_by(ReleaseRow.number.desc())
        .limit(1)
    )


def with_functions(session: Session, workflow_id: str, number: int) -> ReleaseRow | None:
    """One release with what its tasks call."""
    return session.scalar(
        select(ReleaseRow)
        .options(undefer(ReleaseRow.functions))
        .where(ReleaseRow.workflow_id == workflow_id, ReleaseRow.number == number)
    )


def shown_before(session: Session, workflow_id: str, generation: int) -> ReleaseRow | None:
    """The release that Airflow was seen to show before a generation: after a rollback that is not
    the newest one."""
    return session.scalar(
        select(ReleaseRow)
        .join(PublicationRow, PublicationRow.release_id == ReleaseRow.id)
        .where(
            PublicationRow.workflow_id == workflow_id,
            PublicationRow.generation < generation,
            PublicationRow.confirmed_at.is_not(None),
            ReleaseRow.state == "ready",
            ReleaseRow.removed_at.is_(None),
        )
        .order_by(PublicationRow.generation.desc())
        .limit(1)
    )


def newest_ready(session: Session, workflow_id: str) -> ReleaseRow | None:
    """The newest release that Airflow was seen to show."""
    return session.scalar(
        select(ReleaseRow)
        .where(
            ReleaseRow.workflow_id == workflow_id,
            ReleaseRow.state == "ready",
            ReleaseRow.removed_at.is_(None),
        )
        .order_by(ReleaseRow.number.desc())
        .limit(1)
    )
