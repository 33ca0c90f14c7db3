"""What the API says of runs and of their tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field, TypeAdapter

from taxiway.server.database import ReleaseRow, RunRow
from taxiway.server.orchestrator.port import LogLine
from taxiway.server.releases.schemas import line_of


class RunResponse(BaseModel):
    """One execution of a release."""

    id: str = Field(description="UUID of the run.")
    workflow_id: str = Field(description="The workflow that it is a run of.")
    workflow_name: str = Field(description="The workflow's name when the run began.")
    dag_id: str = Field(description="The DAG in Airflow.")
    airflow_run_id: str = Field(description="The run's id in Airflow.")
    state: Literal["queued", "running", "success", "failed", "canceled"] = Field(
        description="Where it stands; the last three are final."
    )
    trigger: str = Field(description="`manual`, `schedule` or `backfill`.")
    release: int | None = Field(description="Number of the release that it executes.")
    release_digest: str | None = Field(description="The release's identity.")
    line: str | None = Field(
        description="What exactly runs, in one line: release, digest, commit, lock, Python."
    )
    commit: str | None = Field(description="The full id of the commit that it executes.")
    git_commit_sha: str | None = Field(description="The same as `commit`.")
    held: str | None = Field(
        description="`held at release n by … since …`, while a rollback holds the workflow."
    )
    params: dict[str, Any] = Field(description="Params by task that were given for this run.")
    logical_date: datetime | None = Field(description="The tick that a schedule started it for.")
    created_at: datetime = Field(description="When it was asked for.")
    started_at: datetime | None = Field(description="When Airflow began it.")
    ended_at: datetime | None = Field(description="When it ended.")


class TaskTimings(BaseModel):
    """Seconds by phase; a phase that was not come to, or is not known, is null."""

    queued: float | None = Field(None, description="From the queue to a worker.")
    airflow: float | None = Field(None, description="What Airflow itself took in the worker.")
    snapshot: float | None = Field(None, description="Making sure of the files.")
    environment: float | None = Field(None, description="Making sure of the packages.")
    start: float | None = Field(None, description="Starting the task's interpreter.")
    import_: float | None = Field(None, alias="import", description="Importing the script.")
    function: float | None = Field(None, description="The function, and storing its value.")


class TaskRunResponse(BaseModel):
    """One task of a run."""

    task: str = Field(description="The task's name.")
    state: str = Field(
        description="In Airflow's words: `pending`, `scheduled`, `queued`, `running`, `success`, "
        "`failed`, `up_for_retry`, `up_for_reschedule`, `upstream_failed`, `skipped`, `removed`."
    )
    try_number: int = Field(description="The latest try; 0 before the first.")
    queued_at: datetime | None = Field(description="When it was handed to a worker's queue.")
    started_at: datetime | None = Field(description="When its process began.")
    ended_at: datetime | None = Field(description="When it ended.")
    duration: float | None = Field(description="Seconds from start to end.")
    map_index: int = Field(-1, description="Which of many elements; -1 where it is not mapped.")
    timings: TaskTimings | None = Field(
        None, description="Where the time of the latest try went; null before it has ended."
    )


class TaskRunList(BaseModel):
    """The tasks of a run."""

    items: list[TaskRunResponse] = Field(description="The tasks, in the order of the graph.")
    total: int = Field(description="How many tasks the run has.")


class LogLineResponse(BaseModel):
    """One line of a task's log."""

    timestamp: datetime | None = Field(description="When it was written.")
    level: str = Field(description="`info`, `warning`, `error` …")
    stream: str = Field(description="`stdout`, `stderr`, or the logger that wrote it.")
    text: str = Field(description="The line.")


class LogResponse(BaseModel):
    """Lines of one try of a task."""

    task: str = Field(description="The task's name.")
    map_index: int = Field(-1, description="Which of many elements; -1 where it is not mapped.")
    try_number: int = Field(description="The try that the lines are of.")
    lines: list[LogLineResponse] = Field(description="The lines, in order.")
    next: int = Field(description="Give this as `after` to read on.")


@dataclass(frozen=True)
class ReadLog:
    """The same as `LogResponse`, of lines as they were read: a hundred thousand models would be
    made, and made once more, for nothing."""

    task: str
    map_index: int
    try_number: int
    lines: Sequence[LogLine]
    next: int


READ_LOG = TypeAdapter(ReadLog)
READ_LINE = TypeAdapter(LogLine)


def run_response(row: RunRow, release: ReleaseRow | None, held: str | None = None) -> RunResponse:
    return RunResponse(
        id=row.id,
        workflow_id=row.workflow_id,
        workflow_name=row.workflow_name,
        dag_id=row.dag_id,
        airflow_run_id=row.airflow_run_id,
        state=row.state,
        trigger=row.trigger,
        release=release.number if release else None,
        release_digest=release.digest if release else None,
        line=line_of(release) if release else None,
        commit=release.commit if release else None,
        git_commit_sha=release.commit if release else None,
        held=held,
        params=row.params,
        logical_date=row.logical_date,
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
    )
