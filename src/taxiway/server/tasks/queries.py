"""All SQL about tasks."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from taxiway.server.database import TaskRow, WorkflowRow
from taxiway.server.paging import page_of


def find(session: Session, task_id: str) -> TaskRow | None:
    """The task, unless its workflow is deleted."""
    statement = (
        select(TaskRow)
        .join(WorkflowRow, WorkflowRow.id == TaskRow.workflow_id)
        .where(TaskRow.id == task_id, WorkflowRow.deleted_at.is_(None))
    )
    return session.scalar(statement)


def page(
    session: Session,
    *,
    workflow_id: str | None,
    limit: int,
    after: tuple[datetime, str] | None,
    q: str | None,
) -> tuple[list[TaskRow], bool, int]:
    """Tasks in the order of their creation."""
    statement = (
        select(TaskRow)
        .join(WorkflowRow, WorkflowRow.id == TaskRow.workflow_id)
        .where(WorkflowRow.deleted_at.is_(None))
    )
    if workflow_id is not None:
        statement = statement.where(TaskRow.workflow_id == workflow_id)
    if q:
        statement = statement.where(TaskRow.name.icontains(q, autoescape=True))
    keys = (TaskRow.created_at, TaskRow.id)
    return page_of(session, statement, keys, limit=limit, after=after)


def names_by_id(session: Session, workflow_ids: set[str]) -> dict[str, str]:
    """id → name of every task of those workflows."""
    statement = select(TaskRow.id, TaskRow.name).where(TaskRow.workflow_id.in_(workflow_ids))
    return {row.id: row.name for row in session.execute(statement)}
