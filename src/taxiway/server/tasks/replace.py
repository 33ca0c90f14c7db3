"""Replacing all tasks of a workflow in one unit of work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from sqlalchemy.orm import Session

from taxiway.errors import Invalid, Problem
from taxiway.server.audit import edits
from taxiway.server.database import TaskRow, WorkflowRow, now
from taxiway.server.database.tables import new_id
from taxiway.server.tasks.graph_schemas import GraphTask
from taxiway.server.tasks.modes import check_mode
from taxiway.server.workflows import queries as workflow_queries
from taxiway.server.workflows import service as workflows
from taxiway.server.workflows.versions import GRAPH
from taxiway.workflow.graph import find_cycle

_PASSED_OVER = {"id", "workflow_id", "created_at", "updated_at", "dependencies"}


def replace_tasks(
    session: Session, workflow_id: str, given: Sequence[GraphTask], if_match: str | None = None
) -> WorkflowRow:
    """Give the workflow exactly these tasks. `Invalid` lists everything that is wrong."""
    workflow = workflows.get(session, workflow_id, lock=True)
    if if_match is not None:
        workflows.version(session, workflow).require(if_match, {GRAPH})
    present = workflow_queries.tasks_of(session, [workflow.id]).get(workflow.id, [])
    ids = {row.name: row.id for row in present}
    ids = {task.name: ids.get(task.name) or new_id() for task in given}
    _refuse([*_problems(workflow, given, ids), *_cycle(given, ids)])
    rows = {row.name: row for row in present}
    moment = now()
    changed = False
    for number, task in enumerate(given):
        row = rows.pop(task.name, None)
        is_new = row is None
        if row is None:  # the order of the list is the order of creation
            born = moment + timedelta(microseconds=number)
            row = TaskRow(id=ids[task.name], workflow_id=workflow.id, created_at=born)
            session.add(row)
        differs = _fill(row, task, ids)
        if differs:
            (edits.created if is_new else edits.changed)(session, row)
        changed |= differs
    for row in rows.values():
        edits.deleted(session, row)
        session.delete(row)
    if changed or rows:
        workflows.mark_edited(workflow)
    session.flush()
    return workflow


def _fill(row: TaskRow, task: GraphTask, ids: dict[str, str]) -> bool:
    values = task.model_dump(exclude=_PASSED_OVER) | {"dependencies": _resolved(task, ids)}
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in changed.items():
        setattr(row, name, value)
    if changed:
        workflows.mark_edited(row)
    return bool(changed)


def _resolved(task: GraphTask, ids: dict[str, str]) -> list[str]:
    """Ids of the dependencies that are there; a name goes before an id."""
    known = {task_id: task_id for task_id in ids.values()} | ids
    return list(dict.fromkeys(known[name] for name in task.dependencies if name in known))


def _problems(
    workflow: WorkflowRow, given: Sequence[GraphTask], ids: dict[str, str]
) -> Iterator[Problem]:
    seen: set[str] = set()
    for number, task in enumerate(given):
        place = f"/{number}"
        if task.name in seen:
            message = f"The name {task.name} stands twice in the list"
            yield Problem("task-name-taken", message, f"{place}/name", "Names are unique.")
        seen.add(task.name)
        if task.workflow_id not in (None, workflow.id):
            message = f"The task {task.name} is said to belong to another workflow"
            yield Problem("field-read-only", message, f"{place}/workflow_id", "Leave it out.")
        try:
            check_mode(
                python_callable=task.python_callable,
                script_path=task.script_path,
                function_name=task.function_name,
            )
        except Invalid as error:
            yield Problem(error.code, f"{task.name}: {error.message}", place, error.hint)
        yield from _unresolved(task, place, ids)


def _unresolved(task: GraphTask, place: str, ids: dict[str, str]) -> Iterator[Problem]:
    known = {*ids, *ids.values()}
    for number, name in enumerate(task.dependencies):
        where = f"{place}/dependencies/{number}"
        if name not in known:
            message = f"{task.name} depends on {name!r}, which is not in the list"
            yield Problem("dependency-unknown", message, where, "Add that task to the list.")
        elif name in (task.name, ids[task.name]):
            message = f"The task {task.name} cannot depend on itself"
            yield Problem("dependency-on-itself", message, where, "Remove it.")


def _cycle(given: Sequence[GraphTask], ids: dict[str, str]) -> Iterator[Problem]:
    names = {task_id: name for name, task_id in ids.items()}
    graph = {
        task.name: [names[i] for i in _resolved(task, ids) if i != ids[task.name]] for task in given
    }
    cycle = find_cycle(graph)
    if cycle:
        place = next(n for n, task in enumerate(given) if task.name == cycle[0])
        yield Problem(
            "dependency-cycle",
            f"The dependencies go round in a circle: {' → '.join(cycle)}",
            f"/{place}/dependencies",
            "An arrow reads: waits for. Remove one of them.",
        )


def _refuse(problems: list[Problem]) -> None:
    if not problems:
        return
    only = len(problems) == 1
    message = "; ".join(problem.message for problem in problems[:5])
    raise Invalid(
        problems[0].code if only else "validation-failed",
        message if only else f"{len(problems)} things are wrong with the tasks: {message}",
        hint=problems[0].hint if only else "Nothing was changed; mend what `errors` lists.",
        problems=problems,
    )
