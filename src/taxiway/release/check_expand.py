"""Whether a task that runs once for each of many elements can: where they come from, how many."""

from __future__ import annotations

from collections.abc import Iterator

from taxiway.release.findings import Finding, pointer
from taxiway.workflow.models import Task
from taxiway.workflow.wiring import MOST_ELEMENTS, MOST_LISTS, count_of, expanded_over


def check_expand(task: Task, names: list[str]) -> Iterator[Finding]:
    """`names` are those of all tasks. That a source runs before is looked at with the inputs."""
    sources = expanded_over(task)
    for name, source in sources.items():
        if source not in names and source.partition(".")[0].partition("[")[0] in names:
            yield _finding(
                task,
                name,
                "expand-over-part",
                f"{task.name} expands {name} over `{source}`, a part of what a task returns",
                "Name the task alone, and let it return the list.",
            )
    if len(sources) > MOST_LISTS:
        yield _finding(
            task,
            list(sources)[-1],
            "expand-over-several",
            f"{task.name} expands over the lists of {len(sources)} tasks; the limit is {MOST_LISTS}",
            "Let one task return a list of what belongs together.",
        )
    count = count_of(task)
    if count > MOST_ELEMENTS:
        yield _finding(
            task,
            next(iter(task.expand)),
            "expand-too-many",
            f"{task.name} would run {count:,} times; the limit is {MOST_ELEMENTS:,}, "
            "max_map_length of Airflow",
            "Give fewer elements, and more work to each.",
        )
    for name in task.expand:
        if name in task.inputs:
            yield _finding(
                task,
                name,
                "expand-and-input",
                f"{task.name} has {name} in `expand` and in `inputs`",
                "Take it out of one of them.",
            )


def _finding(task: Task, name: str, code: str, message: str, hint: str) -> Finding:
    return Finding(
        "error",
        code,
        message,
        hint,
        task=task.name,
        pointer=pointer("tasks", task.name, "expand", name),
    )
