"""All SQL about tasks."""

from __future__ import annotations

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from taxiway.server.database import TaskRow, WorkflowRow
from taxiway.server.paging import Found, containing, page_of
from taxiway.server.tasks.listing import TaskQuery


def find(session: Session, task_id: str) -> TaskRow | None:
    """The task, unless its workflow is deleted."""
    statement = (
        select(TaskRow)
        .join(WorkflowRow, WorkflowRow.id == TaskRow.workflow_id)
        .where(TaskRow.id == task_id, WorkflowRow.deleted_at.is_(None))
    )
    return session.scalar(statement)


def page(session: Session, asked: TaskQuery) -> Found[TaskRow]:
    # No join: the tasks have to be read in their order, whatever else is known of the tables.
    alive = exists().where(WorkflowRow.id == TaskRow.workflow_id, WorkflowRow.deleted_at.is_(None))
    statement = select(TaskRow).where(alive)
    if asked.workflow_id is not None:
        statement = statement.where(TaskRow.workflow_id == asked.workflow_id)
    if asked.q:
        statement = statement.where(containing(session, TaskRow.name, asked.q))
    return page_of(session, statement, (getattr(TaskRow, asked.column), TaskRow.id), asked)


def names_by_id(session: Session, workflow_ids: set[str]) -> dict[str, str]:
    """id → name of every task of those workflows."""
    statement = select(TaskRow.id, TaskRow.name).where(TaskRow.workflow_id.in_(workflow_ids))
    return {row.id: row.name for row in session.execute(statement)}
