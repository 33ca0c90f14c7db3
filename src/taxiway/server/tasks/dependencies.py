"""The graph of a workflow as tasks declare it: ids in the database, names for people."""

from __future__ import annotations

from collections.abc import Sequence

from taxiway.errors import Invalid, Problem
from taxiway.server.database import TaskRow
from taxiway.workflow.graph import find_cycle


def resolve(given: Sequence[str], task: TaskRow, tasks: Sequence[TaskRow]) -> list[str]:
    """The ids of the dependencies that are `given` as names or ids of the workflow's `tasks`.

    A name goes before an id, where one text is both. `Invalid` for what is not there
    (`dependency-unknown`) and for the task itself (`dependency-on-itself`).
    """
    ids = {other.id: other.id for other in tasks}
    ids |= {other.name: other.id for other in tasks}
    ids |= {task.id: task.id, task.name: task.id}
    problems: list[Problem] = []
    for number, name in enumerate(given):
        place = f"/dependencies/{number}"
        if name not in ids:
            message = f"The workflow has no task {name!r} to depend on"
            problems.append(
                Problem("dependency-unknown", message, place, "Create that task first.")
            )
        elif ids[name] == task.id:
            message = f"The task {task.name} cannot depend on itself"
            problems.append(Problem("dependency-on-itself", message, place))
    if problems:
        raise Invalid(
            problems[0].code,
            "; ".join(problem.message for problem in problems),
            hint=problems[0].hint,
            problems=problems,
        )
    return list(dict.fromkeys(ids[name] for name in given))


def check_acyclic(tasks: Sequence[TaskRow]) -> None:
    """`Invalid` (`dependency-cycle`) names the path when tasks wait for each other."""
    names = {task.id: task.name for task in tasks}
    cycle = find_cycle({task.id: task.dependencies for task in tasks})
    if cycle:
        path = " → ".join(names[task_id] for task_id in cycle)
        message = f"The dependencies go round in a circle: {path}"
        hint = "An arrow reads: waits for. Remove one of them."
        raise Invalid(
            "dependency-cycle",
            message,
            hint=hint,
            problems=[Problem("dependency-cycle", message, "/dependencies", hint)],
        )


def dependents(task: TaskRow, tasks: Sequence[TaskRow]) -> list[str]:
    """The names of the tasks that wait for `task`."""
    return [other.name for other in tasks if task.id in other.dependencies]
