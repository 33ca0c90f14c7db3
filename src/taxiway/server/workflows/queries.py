"""All SQL about workflows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import ScalarSelect, Select, bindparam, case, exists, func, join, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session, load_only

from taxiway.server.database import (
    HeadRow,
    PublicationRow,
    ReleaseRow,
    RunRow,
    TaskRow,
    WorkflowRow,
)
from taxiway.server.paging import Found, containing, page_of
from taxiway.server.releases.heads import lagging
from taxiway.server.workflows.listing import NEVER_RAN, WorkflowQuery
from taxiway.server.workflows.standing import RecentRun

IN_PROGRESS = ("queued", "running")
RECENT = 10

Fields = dict[str, Any]


def find(session: Session, workflow_id: str, *, lock: bool = False) -> WorkflowRow | None:
    """The workflow, unless it is deleted. `lock` keeps other writers away until the commit."""
    statement = _alive().where(WorkflowRow.id == workflow_id)
    return session.scalar(statement.with_for_update() if lock else statement)


def find_by_dag_id(session: Session, dag_id: str) -> WorkflowRow | None:
    """The workflow that has this DAG id; a deleted one too while Airflow may still know it."""
    published = exists().where(PublicationRow.workflow_id == WorkflowRow.id)
    leaving = WorkflowRow.deleted_at.is_not(None) & WorkflowRow.retired_at.is_(None) & published
    statement = select(WorkflowRow).where(
        WorkflowRow.dag_id == dag_id, WorkflowRow.deleted_at.is_(None) | leaving
    )
    return session.scalar(statement.order_by(WorkflowRow.deleted_at.is_not(None)).limit(1))


def page(session: Session, asked: WorkflowQuery) -> Found[WorkflowRow]:
    statement = _alive()
    if asked.q:
        statement = statement.where(containing(session, WorkflowRow.name, asked.q))
    if asked.is_active is not None:
        statement = statement.where(WorkflowRow.is_active == asked.is_active)
    if asked.held is not None:
        statement = statement.where(WorkflowRow.held == asked.held)
    if asked.behind is not None:
        statement = statement.where(lagging() if asked.behind else ~lagging())
    if asked.is_deployed is not None:
        release = WorkflowRow.current_release_id
        statement = statement.where(
            release.is_not(None) if asked.is_deployed else release.is_(None)
        )
    if asked.git_repository is not None:
        statement = statement.where(WorkflowRow.git_repository == asked.git_repository)
    if asked.last_run_state:
        state = func.coalesce(_of_last_run(RunRow.state), NEVER_RAN)
        statement = statement.where(state.in_(asked.last_run_state))
    keys = (getattr(WorkflowRow, asked.column), WorkflowRow.id)
    return page_of(session, statement, keys, asked)


def recent_runs(session: Session, workflow_ids: Sequence[str]) -> dict[str, list[Fields]]:
    """The newest runs of each workflow, newest first, with the fields of `RecentRun`: one query
    that reads no more, whatever history they have."""
    found: dict[str, list[Fields]] = defaultdict(list)
    names = tuple(RecentRun.model_fields)
    statement = _newest_runs(session.get_bind().dialect.name)
    for workflow_id, *values in session.execute(statement, {"workflow_ids": workflow_ids}).all():
        found[workflow_id].append(dict(zip(names, values, strict=True)))
    for runs in found.values():
        runs.sort(key=itemgetter("created_at", "id"), reverse=True)
    return found


@cache
def _newest_runs(dialect: str) -> Select[Any]:
    """SQLite has no LATERAL; with what it has instead, PostgreSQL would read all runs."""
    workflows, runs = WorkflowRow.__table__, RunRow.__table__
    names = ("workflow_id", *RecentRun.model_fields)
    newest = (
        select(*(runs.c[name] for name in names))
        .where(runs.c.workflow_id == workflows.c.id)
        .order_by(runs.c.created_at.desc(), runs.c.id.desc())
        .limit(RECENT)
    )
    found: Any = newest.lateral()
    condition: Any = true()
    if dialect == "sqlite":
        found = runs.alias()
        condition = found.c.id.in_(newest.with_only_columns(runs.c.id).correlate(workflows))
    return (
        select(*(found.c[name] for name in names))
        .select_from(join(workflows, found, condition))
        .where(workflows.c.id.in_(bindparam("workflow_ids", expanding=True)))
    )


def _of_last_run(column: InstrumentedAttribute[str]) -> ScalarSelect[str]:
    return (
        select(column)
        .where(RunRow.workflow_id == WorkflowRow.id)
        .order_by(RunRow.created_at.desc(), RunRow.id.desc())
        .limit(1)
        .correlate(WorkflowRow)
        .scalar_subquery()
    )


def tasks_of(session: Session, workflow_ids: Iterable[str]) -> dict[str, list[TaskRow]]:
    """The tasks of each workflow, in the order of their creation."""
    statement = (
        select(TaskRow)
        .where(TaskRow.workflow_id.in_(list(workflow_ids)))
        .order_by(TaskRow.created_at, TaskRow.id)
    )
    found: dict[str, list[TaskRow]] = defaultdict(list)
    for task in session.scalars(statement):
        found[task.workflow_id].append(task)
    return found


@dataclass(frozen=True)
class Deployed:
    """The current release of a workflow as lists show it, and its branch as it was last seen.

    `sealed` is much text, so it is read only where something was declared since.
    """

    release: ReleaseRow
    sealed: str | None
    head: HeadRow | None


def deployed(session: Session, workflow_ids: Iterable[str]) -> dict[str, Deployed]:
    """By the ids of the workflows that have a release."""
    is_same = ReleaseRow.declared_at == WorkflowRow.edited_at
    statement = (
        select(WorkflowRow.id, ReleaseRow, case((is_same, None), else_=ReleaseRow.sealed), HeadRow)
        .join(ReleaseRow, ReleaseRow.id == WorkflowRow.current_release_id)
        .outerjoin(HeadRow, HeadRow.workflow_id == WorkflowRow.id)
        .where(WorkflowRow.id.in_(list(workflow_ids)))
        .options(load_only(ReleaseRow.number, ReleaseRow.commit, ReleaseRow.declared_at))
    )
    return {workflow_id: Deployed(*rest) for workflow_id, *rest in session.execute(statement)}


def runs_in_progress(session: Session, workflow_id: str) -> list[RunRow]:
    statement = (
        select(RunRow)
        .where(RunRow.workflow_id == workflow_id, RunRow.state.in_(IN_PROGRESS))
        .order_by(RunRow.created_at, RunRow.id)
        .limit(100)
    )
    return list(session.scalars(statement))


def _alive() -> Select[WorkflowRow]:
    return select(WorkflowRow).where(WorkflowRow.deleted_at.is_(None))
