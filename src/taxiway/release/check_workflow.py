"""What is declared: tasks, their graph, the schedule."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from taxiway.errors import Invalid
from taxiway.release.check_expand import check_expand
from taxiway.release.findings import Finding, did_you_mean, finding_of, pointer
from taxiway.workflow.graph import find_cycle, order
from taxiway.workflow.models import Task, Workflow
from taxiway.workflow.schedule import check_schedule, check_timezone


def check_workflow(workflow: Workflow) -> Iterator[Finding]:
    if not workflow.tasks:
        yield Finding(
            "error",
            "workflow-has-no-tasks",
            f"{workflow.name} has no tasks, so there is nothing to deploy",
            "Create a task with POST /api/v1/tasks/.",
            pointer="/tasks",
        )
    names = [task.name for task in workflow.tasks]
    ancestors = ancestors_of(workflow)
    for task in workflow.tasks:
        yield from _check_dependencies(task, workflow.name, names)
        yield from _check_inputs(task, ancestors[task.name], names)
        yield from check_expand(task, names)
    yield from _check_cycle(workflow)
    yield from _refused(check_timezone, workflow.timezone)
    if workflow.schedule is not None:
        yield from _refused(check_schedule, workflow.schedule)


def sources_of_inputs(task: Task) -> dict[str, str]:
    """What the task is given by name of another task: parameter → `task` or `task.path`; also
    those that it is run for one by one."""
    lists = {name: source for name, source in task.expand.items() if isinstance(source, str)}
    return {**task.inputs, **lists}


def ancestors_of(workflow: Workflow) -> dict[str, frozenset[str]]:
    """For each task, all that it waits for, directly or not: whose values it can have."""
    graph = {task.name: task.dependencies for task in workflow.tasks}
    if find_cycle(graph):  # nothing runs then; only what is waited for directly is known
        return {name: frozenset(before) & graph.keys() for name, before in graph.items()}
    found: dict[str, frozenset[str]] = {}
    for name in order(graph):
        direct = [before for before in graph[name] if before in graph]
        found[name] = frozenset(direct).union(*(found[before] for before in direct))
    return found


def _check_dependencies(task: Task, workflow: str, names: list[str]) -> Iterator[Finding]:
    known = set(names)
    for dependency in task.dependencies:
        if dependency not in known:
            near = did_you_mean(dependency, names)
            yield Finding(
                "error",
                "dependency-unknown",
                f"{task.name} waits for `{dependency}`, which is no task of {workflow}"
                + (f"; {near}" if near else ""),
                near or f"Its tasks are {', '.join(names)}.",
                task=task.name,
                pointer=pointer("tasks", task.name, "dependencies"),
            )


def _check_inputs(task: Task, upstream: frozenset[str], names: list[str]) -> Iterator[Finding]:
    for param, source in sources_of_inputs(task).items():
        if not _names_one(source, upstream):
            yield _no_such_input(task, param, source, upstream, names)


def _names_one(source: str, upstream: frozenset[str]) -> bool:
    """Whether `train.metrics.accuracy` names something of `train`; names may have dots."""
    return any(source == name or source.startswith((f"{name}.", f"{name}[")) for name in upstream)


def _no_such_input(
    task: Task, param: str, source: str, upstream: frozenset[str], names: list[str]
) -> Finding:
    wanted = source if source in names else source.partition(".")[0]
    is_task = wanted in names and wanted != task.name
    near = did_you_mean(wanted, sorted(upstream))
    reason = (
        f"`{wanted}`, which does not run before it"
        if wanted in names
        else f"`{wanted}`, which is no task" + (f"; {near}" if near else "")
    )
    known = f"Its upstream tasks are {', '.join(sorted(upstream)) or 'none'}."
    return Finding(
        "error",
        "input-not-upstream",
        f"The input {param} of {task.name} names {reason}",
        f"Add {wanted} to the dependencies of {task.name}." if is_task else near or known,
        task=task.name,
        pointer=pointer("tasks", task.name, "inputs" if param in task.inputs else "expand", param),
    )


def _check_cycle(workflow: Workflow) -> Iterator[Finding]:
    cycle = find_cycle({task.name: task.dependencies for task in workflow.tasks})
    if cycle:
        yield Finding(
            "error",
            "dependency-cycle",
            f"The tasks of {workflow.name} wait for each other: {' → '.join(cycle)}",
            "Take one of these dependencies out.",
            task=cycle[0],
            pointer=pointer("tasks", cycle[0], "dependencies"),
        )


def _refused(check: Callable[[str], object], text: str) -> Iterator[Finding]:
    try:
        check(text)
    except Invalid as error:
        yield from finding_of(error)
