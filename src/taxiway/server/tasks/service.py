"""What can be done with tasks: the rules, without SQL and without HTTP.

Every change takes the lock of the workflow's row first: two edits of one graph that are fine each
for itself could make a cycle together.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from taxiway.errors import Conflict, NotFound
from taxiway.server.audit import edits
from taxiway.server.database import TaskRow, integrity_conflict
from taxiway.server.database.tables import new_id
from taxiway.server.fields import check_read_only
from taxiway.server.paging import Page
from taxiway.server.tasks import queries
from taxiway.server.tasks.dependencies import check_acyclic, dependents, resolve
from taxiway.server.tasks.listing import TaskQuery
from taxiway.server.tasks.modes import check_mode
from taxiway.server.tasks.schemas import TaskCreate, TaskResponse, TaskUpdate
from taxiway.server.versions import Version, version_of
from taxiway.server.workflows import queries as workflow_queries
from taxiway.server.workflows import service as workflows
from taxiway.server.workflows.values import dependency_names

_READ_ONLY = {"id", "workflow_id", "created_at", "updated_at"}


def get(session: Session, task_id: str) -> TaskRow:
    row = queries.find(session, task_id)
    if row is None:
        raise NotFound(
            "task-not-found",
            f"There is no task {task_id[:100]}",
            hint="GET /api/v1/tasks?workflow_id=… lists the tasks of a workflow.",
        )
    return row


def create(session: Session, given: TaskCreate) -> TaskRow:
    workflow = workflows.get(session, given.workflow_id, lock=True)
    tasks = _tasks(session, workflow.id)
    row = TaskRow(id=new_id(), **given.model_dump(exclude={"dependencies"}))
    _check(row, tasks)
    workflows.mark_edited(row)
    workflows.mark_edited(workflow)
    row.dependencies = resolve(given.dependencies, row, tasks)
    session.add(row)
    with integrity_conflict(session, _name_taken(row.name)):
        pass
    edits.created(session, row)
    return row


def update(
    session: Session, task_id: str, given: TaskUpdate, if_match: str | None = None
) -> TaskRow:
    """Change what is given; the rules hold for what that leaves."""
    row = get(session, task_id)
    workflow = workflows.get(session, row.workflow_id, lock=True)
    session.refresh(row)
    if if_match is not None:
        version(session, row).require(if_match)
    check_read_only("task", row, given, ("id", "workflow_id"))
    tasks = _tasks(session, row.workflow_id)
    values = given.model_dump(include=given.model_fields_set - _READ_ONLY)
    dependencies = values.pop("dependencies", None)
    with session.no_autoflush, integrity_conflict(session, _name_taken(given.name)):
        if dependencies is not None:
            values["dependencies"] = resolve(dependencies, row, tasks)
        for name, value in values.items():
            if getattr(row, name) != value:
                setattr(row, name, value)
        if session.is_modified(row):
            workflows.mark_edited(row)
            workflows.mark_edited(workflow)
            edits.changed(session, row)
        _check(row, [other for other in tasks if other.id != row.id])
        check_acyclic(tasks)
    return row


def delete(session: Session, task_id: str, if_match: str | None = None) -> None:
    """Remove the task; `Conflict` (`task-has-dependents`) while others wait for it."""
    row = get(session, task_id)
    workflow = workflows.get(session, row.workflow_id, lock=True)
    session.refresh(row)
    if if_match is not None:
        version(session, row).require(if_match)
    waiting = dependents(row, _tasks(session, row.workflow_id))
    if waiting:
        raise Conflict(
            "task-has-dependents",
            f"Other tasks depend on {row.name}: {', '.join(waiting)}",
            hint="Take it out of their dependencies, or delete them first.",
            tasks=waiting,
        )
    workflows.mark_edited(workflow)
    edits.deleted(session, row)
    session.delete(row)


def respond(session: Session, row: TaskRow) -> TaskResponse:
    return _response(row, queries.names_by_id(session, {row.workflow_id}))


def respond_all(session: Session, workflow_id: str) -> list[TaskResponse]:
    """All tasks of a workflow, in order."""
    rows = _tasks(session, workflow_id)
    names = {row.id: row.name for row in rows}
    return [_response(row, names) for row in rows]


def version(session: Session, row: TaskRow) -> Version:
    values = respond(session, row).model_dump(mode="json")
    fields = TaskCreate.model_fields.keys() - {"workflow_id"}
    return version_of(
        f"The task {row.name}",
        {name: values.pop(name) for name in fields},
        values,
        edited_at=row.edited_at,
        edited_by=row.edited_by,
    )


def list_page(session: Session, asked: TaskQuery) -> Page[TaskResponse]:
    if asked.workflow_id is not None:
        workflows.get(session, asked.workflow_id)
    found = queries.page(session, asked)
    names = queries.names_by_id(session, {row.workflow_id for row in found.rows})
    return Page(
        items=[_response(row, names) for row in found.rows],
        next_cursor=found.next_cursor,
        total=found.total,
    )


def _tasks(session: Session, workflow_id: str) -> list[TaskRow]:
    return workflow_queries.tasks_of(session, [workflow_id]).get(workflow_id, [])


def _check(row: TaskRow, others: Sequence[TaskRow]) -> None:
    check_mode(
        python_callable=row.python_callable,
        script_path=row.script_path,
        function_name=row.function_name,
    )
    if any(other.name == row.name for other in others):
        raise _name_taken(row.name)


def _name_taken(name: str) -> Conflict:
    return Conflict(
        "task-name-taken",
        f"The workflow has a task {name} already",
        hint="Choose another name, or change the task that is there.",
        name=name,
    )


def _response(row: TaskRow, names: dict[str, str]) -> TaskResponse:
    values = {name: getattr(row, name) for name in TaskResponse.model_fields}
    return TaskResponse(**values | {"dependencies": dependency_names(row, names)})
