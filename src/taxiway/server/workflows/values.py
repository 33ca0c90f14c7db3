"""Rows as the plain values of the core: what a deploy seals, and what changed since."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from taxiway.server.database import ReleaseRow, TaskRow, WorkflowRow
from taxiway.workflow.compare import changed
from taxiway.workflow.models import Task, Workflow
from taxiway.workflow.schedule import next_tick


def dependency_names(task: TaskRow, names: dict[str, str]) -> list[str]:
    """The names of what the task waits for; an id that names no task stays as it is."""
    return [names.get(dependency, dependency) for dependency in task.dependencies]


def workflow_value(row: WorkflowRow, tasks: Sequence[TaskRow]) -> Workflow:
    """The workflow and its tasks as they are declared now; tasks in the order given."""
    names = {task.id: task.name for task in tasks}
    return Workflow(
        name=row.name,
        dag_id=row.dag_id,
        description=row.description,
        schedule=row.schedule,
        timezone=row.timezone,
        catchup=row.catchup,
        max_active_runs=row.max_active_runs,
        git_repository=row.git_repository,
        git_branch=row.git_branch,
        git_subdirectory=row.git_subdirectory,
        requirements=row.requirements,
        dependency_groups=tuple(row.dependency_groups),
        env=dict(row.env),
        secrets=dict(row.secrets),
        warm=row.warm,
        tasks=tuple(_task_value(task, dependency_names(task, names)) for task in tasks),
    )


def _task_value(row: TaskRow, dependencies: list[str]) -> Task:
    return Task(
        name=row.name,
        script_path=row.script_path,
        function_name=row.function_name,
        python_callable=row.python_callable,
        params=dict(row.params),
        dependencies=tuple(dependencies),
        retry_count=row.retry_count,
        retry_delay=row.retry_delay,
        timeout=row.timeout,
        trigger_rule=row.trigger_rule,
        pool=row.pool,
        pool_slots=row.pool_slots,
        queue=row.queue,
        env=dict(row.env),
        inputs=dict(row.inputs),
        expand=dict(row.expand),
        secrets=dict(row.secrets),
        warm=row.warm,
    )


def is_edited(row: WorkflowRow, current: ReleaseRow | None) -> bool:
    """Whether anything was declared since the release was; if not, nothing need be compared."""
    return current is None or current.declared_at is None or current.declared_at != row.edited_at


def undeployed_changes(
    row: WorkflowRow, tasks: Sequence[TaskRow], current: ReleaseRow | None, sealed: str | None
) -> list[str]:
    """Fields that differ from the current release; all that is declared when there is none.

    `tasks` and `sealed` are looked at only where the workflow `is_edited`.
    """
    names: list[str] = []
    if is_edited(row, current):
        names = changed(_parsed(sealed) if sealed else None, workflow_value(row, tasks))
    pinned_elsewhere = (
        current is not None
        and row.git_update_policy == "pinned"
        and row.git_commit_sha != current.commit
    )
    return [*names, "git_commit_sha"] if pinned_elsewhere else names


def next_run(
    row: WorkflowRow, current: ReleaseRow | None, sealed: str | None, moment: datetime
) -> datetime | None:
    """When the schedule comes next that was deployed; `sealed` only where the workflow
    `is_edited`."""
    if current is None or not row.is_active:
        return None
    released = _parsed(sealed) if sealed and is_edited(row, current) else row
    if released.schedule is None:
        return None
    begin = max(moment, row.schedule_from - timedelta(seconds=1)) if row.schedule_from else moment
    return _next_tick(released.schedule, released.timezone, begin.replace(second=0, microsecond=0))


@lru_cache(maxsize=4096)
def _next_tick(schedule: str, timezone: str, minute: datetime) -> datetime | None:
    """Lists ask for the same ones again and again, and a tick is never within a minute."""
    return next_tick(schedule, timezone, minute)


@lru_cache(maxsize=1024)
def _parsed(sealed: str) -> Workflow:
    """What was sealed never changes, and lists ask for it again and again."""
    return Workflow.from_dict(json.loads(sealed)["workflow"])
