"""Where the time of a task run went: what Airflow measured beside what the task told of itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from taxiway.errors import NotFound, Unavailable
from taxiway.server.orchestrator.port import Orchestrator, TaskState

RAN = ("success", "failed", "up_for_retry", "up_for_reschedule")
ENDED = ("success", "failed", "upstream_failed", "skipped", "removed")


def timed(
    orchestrator: Orchestrator, dag_id: str, airflow_run_id: str, tasks: Iterable[TaskState]
) -> list[TaskState]:
    """The tasks of a run, those that ran with their timings; at most one call of Airflow."""
    tasks = list(tasks)
    if not any(task.state in RAN for task in tasks):
        return tasks
    try:
        told = orchestrator.timings(dag_id, airflow_run_id)
    except (NotFound, Unavailable):  # states matter more
        told = {}
    return [
        replace(task, timings=timings_of(task, told.get(task.task, {})))
        if task.state in RAN
        else task
        for task in tasks
    ]


def timings_of(task: TaskState, told: Mapping[str, float]) -> dict[str, float]:
    """Seconds by phase. `airflow` is what is left of the task's time in its worker: starting the
    process, reading the DAG file, saying that it began and ended."""
    timings: dict[str, float] = {}
    if task.started_at is None:
        return timings
    if task.queued_at is not None:
        timings["queued"] = _seconds(task.queued_at, task.started_at)
    if task.ended_at is not None and told:
        spent = sum(told.values())
        timings["airflow"] = round(max(0.0, _seconds(task.started_at, task.ended_at) - spent), 4)
    return {**timings, **told}


def _seconds(begun: datetime, ended: datetime) -> float:
    return round(max(0.0, (ended - begun).total_seconds()), 4)
