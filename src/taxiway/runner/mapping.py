"""What a task returned, before Airflow maps over it: so many task runs at most."""

from __future__ import annotations

from typing import Any

from taxiway.errors import Invalid
from taxiway.runner.host import Host
from taxiway.workflow.models import Workflow
from taxiway.workflow.wiring import count_of, expanded_over, expanding_over


def require_few(value: list[Any], name: str, workflow: Workflow, most: int, host: Host) -> None:
    """`Invalid` (`value-not-mappable`). Lists of other tasks count as far as they are there: the
    task that returns the last of them is told. Of two that end in the same moment neither may be."""
    if len(value) > most:
        raise _refused(f"Task {name} returned {len(value):,} elements to map over", most)
    for task in expanding_over(workflow, name):
        count = count_of(task)
        for source in expanded_over(task).values():
            count *= len(value) if source == name else _length(source, host)
        if count > most:
            raise _refused(
                f"Task {task.name} would run {count:,} times, with {len(value):,} elements of "
                f"{name}",
                most,
            )


def _length(source: str, host: Host) -> int:
    found = host.answer({"ask": "xcom_pull", "task_ids": source, "key": "return_value"})["value"]
    return len(found) if isinstance(found, list) else 1


def _refused(message: str, most: int) -> Invalid:
    return Invalid(
        "value-not-mappable",
        f"{message}; the limit is {most:,}, max_map_length of Airflow",
        hint="Return fewer and larger elements, or raise [core] max_map_length.",
    )
