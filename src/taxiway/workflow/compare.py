"""What changed between two states of a workflow, as names of fields."""

from __future__ import annotations

from dataclasses import fields

from taxiway.workflow.models import Task, Workflow

_NOTHING = Workflow(name="", dag_id="")
_SKIPPED = ("dag_id", "tasks")  # the id never changes; tasks are compared one by one
_WORKFLOW_FIELDS = [field.name for field in fields(Workflow) if field.name not in _SKIPPED]
_TASK_FIELDS = [field.name for field in fields(Task)]


def changed(before: Workflow | None, after: Workflow) -> list[str]:
    """`description`, `tasks.train.params`, or `tasks.report` for a task that came or went.

    Without `before`, everything in which `after` differs from an empty workflow. Fields in the
    order of the models, tasks by name.
    """
    earlier = before or _NOTHING
    names = [name for name in _WORKFLOW_FIELDS if getattr(earlier, name) != getattr(after, name)]
    old = {task.name: task for task in earlier.tasks}
    new = {task.name: task for task in after.tasks}
    for name in sorted(old.keys() | new.keys()):
        names += _task_changes(name, old.get(name), new.get(name))
    return names


def _task_changes(name: str, old: Task | None, new: Task | None) -> list[str]:
    if old is None or new is None:
        return [f"tasks.{name}"]
    if old == new:
        return []
    return [
        f"tasks.{name}.{field}"
        for field in _TASK_FIELDS
        if _comparable(old, field) != _comparable(new, field)
    ]


def _comparable(task: Task, field: str) -> object:
    return sorted(task.dependencies) if field == "dependencies" else getattr(task, field)
