"""All SQL about the record."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from taxiway.server.audit.listing import AuditFilters
from taxiway.server.database import AuditRow
from taxiway.server.paging import Found, page_of


def page(session: Session, asked: AuditFilters) -> Found[AuditRow]:
    return page_of(session, _matching(asked), (AuditRow.created_at, AuditRow.id), asked)


def all_of(session: Session, asked: AuditFilters) -> Iterator[AuditRow]:
    """Every line that matches, a thousand at a time in memory."""
    keys = (AuditRow.created_at, AuditRow.id)
    order = [key.desc() if asked.is_descending else key.asc() for key in keys]
    statement = _matching(asked).order_by(*order).execution_options(yield_per=1000)
    yield from session.scalars(statement)


def last_of(session: Session, action: str) -> AuditRow | None:
    """The newest line of an action."""
    return session.scalar(
        select(AuditRow)
        .where(AuditRow.action == action)
        .order_by(AuditRow.created_at.desc(), AuditRow.id.desc())
        .limit(1)
    )


def _matching(asked: AuditFilters) -> Select[AuditRow]:
    statement = select(AuditRow)
    if asked.action:
        statement = statement.where(or_(*map(_is_action, asked.action)))
    for name in ("kind", "subject_id", "who", "request_id"):
        if (value := getattr(asked, name)) is not None:
            statement = statement.where(getattr(AuditRow, name) == value)
    if asked.workflow_id is not None:
        statement = statement.where(
            AuditRow.kind == "workflow", AuditRow.subject_id == asked.workflow_id
        )
    if asked.created_after is not None:
        statement = statement.where(AuditRow.created_at >= asked.created_after)
    if asked.created_before is not None:
        statement = statement.where(AuditRow.created_at < asked.created_before)
    return statement


def _is_action(text: str) -> ColumnElement[bool]:
    if text.endswith("."):
        return AuditRow.action.startswith(text, autoescape=True)
    return AuditRow.action == text
