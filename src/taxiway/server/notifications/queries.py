"""All SQL about notifications."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from taxiway.server.database import NotificationRow
from taxiway.server.notifications.listing import NotificationQuery
from taxiway.server.paging import Found, page_of

RUN_EVENTS = ("run-failed", "run-recovered")


def last_event(session: Session, workflow_id: str) -> str | None:
    """What was last written down of the workflow's runs."""
    return session.scalar(
        select(NotificationRow.event)
        .where(NotificationRow.workflow_id == workflow_id, NotificationRow.event.in_(RUN_EVENTS))
        .order_by(NotificationRow.created_at.desc(), NotificationRow.id.desc())
        .limit(1)
    )


def due(session: Session, moment: datetime, limit: int) -> Sequence[NotificationRow]:
    """Those that are to be tried now, longest due first."""
    return session.scalars(
        select(NotificationRow)
        .where(NotificationRow.state == "pending", NotificationRow.due_at <= moment)
        .order_by(NotificationRow.due_at)
        .limit(limit)
    ).all()


def claim(session: Session, row: NotificationRow, until: datetime) -> bool:
    """Take it for one try; False when another server has taken it."""
    claimed = session.scalar(
        update(NotificationRow)
        .where(
            NotificationRow.id == row.id,
            NotificationRow.state == "pending",
            NotificationRow.attempts == row.attempts,
        )
        .values(attempts=NotificationRow.attempts + 1, due_at=until)
        .returning(NotificationRow.id)
        .execution_options(synchronize_session=False)
    )
    return claimed is not None


def page(session: Session, workflow_id: str, asked: NotificationQuery) -> Found[NotificationRow]:
    statement = select(NotificationRow).where(NotificationRow.workflow_id == workflow_id)
    if asked.state:
        statement = statement.where(NotificationRow.state.in_(asked.state))
    keys = (NotificationRow.created_at, NotificationRow.id)
    return page_of(session, statement, keys, asked, scope=workflow_id)
