"""Which task receives what of which: ancestors, and expansion over many elements."""

from __future__ import annotations

from itertools import product
from math import prod
from typing import Any

from taxiway.workflow.models import Task, Workflow

MOST_ELEMENTS = 1024  # Airflow's own limit, `max_map_length`, unless it was changed there
MOST_LISTS = 4  # of other tasks, that one task expands over


def upstream_of(workflow: Workflow, name: str) -> tuple[str, ...]:
    """All tasks that `name` waits for, directly or not, in the workflow's order."""
    direct = {task.name: task.dependencies for task in workflow.tasks}
    found: set[str] = set()
    waiting = list(direct[name])
    while waiting:
        here = waiting.pop()
        if here not in found and here in direct:
            found.add(here)
            waiting += direct[here]
    return tuple(task.name for task in workflow.tasks if task.name in found - {name})


def expanded_over(task: Task) -> dict[str, str]:
    """Parameter → the task whose list it gets an element of."""
    return {name: source for name, source in task.expand.items() if isinstance(source, str)}


def elements_of(task: Task) -> list[dict[str, Any]]:
    """The params of each of its task runs, as far as they are declared: every combination of the
    lists, the last one varying first."""
    lists = {name: source for name, source in task.expand.items() if isinstance(source, list)}
    return [dict(zip(lists, one, strict=True)) for one in product(*lists.values())]


def count_of(task: Task) -> int:
    """How many combinations the lists that are declared make."""
    return prod(len(source) for source in task.expand.values() if isinstance(source, list))


def expanding_over(workflow: Workflow, name: str) -> tuple[Task, ...]:
    """The tasks that have a task run for each element that `name` returns."""
    return tuple(task for task in workflow.tasks if name in expanded_over(task).values())


def is_expanded_over(workflow: Workflow, name: str) -> bool:
    """Whether another task has a task run for each element that `name` returns."""
    return not workflow.task(name).expand and bool(expanding_over(workflow, name))
