"""What the service needs of an orchestrator, in our words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

ACTIVE = ("queued", "running")


@dataclass(frozen=True)
class PartHealth:
    """Whether a part works, and what is known about it."""

    ok: bool
    detail: str = ""


@dataclass(frozen=True)
class DagState:
    """A DAG as the orchestrator shows it now: the proof that a publication has arrived."""

    dag_id: str
    tags: frozenset[str]
    generation: int | None
    is_paused: bool
    is_stale: bool
    has_import_errors: bool


@dataclass(frozen=True)
class RunState:
    """One run; `state` is `queued`, `running`, `success` or `failed`; `trigger` how it began."""

    dag_id: str
    airflow_run_id: str
    state: str
    trigger: str
    generation: int | None
    logical_date: datetime | None
    queued_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    conf: dict[str, Any] = field(default_factory=dict)

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE


@dataclass(frozen=True)
class TaskState:
    """One task of one run; `state` in Airflow's words, `pending` before it was looked at."""

    task: str
    state: str
    try_number: int
    queued_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    duration: float | None  # seconds
    timings: Mapping[str, float] | None = None  # seconds by phase, once it has ended
    map_index: int = -1  # which of many elements; -1 for a task that is not mapped


@dataclass(frozen=True)
class RecordTag:
    """The digest of what a worker recorded of the latest try of a task run."""

    task: str
    map_index: int
    digest: str


@dataclass(frozen=True)
class LogLine:
    """`stream` is `stdout`, `stderr`, or the name of the logger that wrote it."""

    text: str
    timestamp: datetime | None = None
    level: str = "info"
    stream: str = ""


@dataclass(frozen=True)
class LogPage:
    """Lines of one try, in order; `token` asks for what follows, `None` at the end."""

    lines: Sequence[LogLine]
    token: str | None


@dataclass(frozen=True)
class BackfillOrder:
    """Both ends are ticks that count, if they are ticks. A rehearsal starts nothing."""

    dag_id: str
    first: datetime
    last: datetime
    conf: Mapping[str, Any]
    max_active_runs: int
    rehearsal: bool


@dataclass(frozen=True)
class Backfill:
    """`id` is None for a rehearsal, and `logical_dates` are known for a rehearsal only."""

    id: int | None
    logical_dates: Sequence[datetime] = ()


@dataclass(frozen=True)
class BackfillState:
    """A backfill that was begun. `ended_at` is None until its last run has ended."""

    id: int
    first: datetime
    last: datetime
    conf: Mapping[str, Any]
    paused: bool
    created_at: datetime
    ended_at: datetime | None


class Orchestrator(Protocol):
    """Every call may raise `Unavailable`; a thing that is not there is `None` or `NotFound`."""

    @property
    def parts(self) -> Sequence[str]:
        """What it consists of."""

    def health(self) -> Mapping[str, PartHealth]:
        """The health of each of `parts`; it does not raise."""

    def version(self) -> str: ...

    def look(self, dag_id: str) -> None:
        """Ask for a look at what was published; a no-op where it is looking already."""

    def dag(self, dag_id: str) -> DagState | None: ...

    def import_error(self, dag_id: str) -> str | None: ...

    def unpause(self, dag_id: str) -> None: ...

    def delete(self, dag_id: str) -> None:
        """Remove the DAG and its history; nothing happens when it is not there."""

    def trigger(
        self,
        dag_id: str,
        airflow_run_id: str,
        *,
        conf: Mapping[str, Any],
        logical_date: datetime | None = None,
    ) -> RunState:
        """Start a run under our id; the same id again returns the run that exists.
        `Conflict` (`logical-date-taken`) when the DAG has another run for that date."""

    def run(self, dag_id: str, airflow_run_id: str) -> RunState | None: ...

    def retry(self, dag_id: str, airflow_run_id: str, tasks: Sequence[str]) -> None:
        """Run exactly these tasks of an ended run again; `NotFound` when the run is not there."""

    def backfill(self, order: BackfillOrder) -> Backfill:
        """Start runs for the ticks of a schedule that have none, or say which they would be.

        `Conflict` (`backfill-active`), `Invalid` (`backfill-refused`), `NotFound`."""

    def backfills(self, dag_id: str, limit: int) -> Sequence[BackfillState]:
        """The DAG's newest backfills, newest first; none for a DAG that is not there."""

    def timings(self, dag_id: str, airflow_run_id: str) -> Mapping[str, Mapping[str, float]]:
        """Seconds by phase, by task: what the latest tries told of themselves. One call."""

    def records(self, dag_id: str, airflow_run_id: str) -> Sequence[RecordTag]:
        """The records that the workers made of the run's task runs, so far. One call."""

    def active_runs(self, dag_id: str) -> Sequence[RunState]:
        """The DAG's runs that have not ended, by whatever they were started."""

    def runs_changed_since(self, moment: datetime) -> Sequence[RunState]:
        """Every run that changed at or after `moment`, oldest change first."""

    def tasks(self, dag_id: str, airflow_run_id: str) -> Sequence[TaskState]: ...

    def log(
        self,
        dag_id: str,
        airflow_run_id: str,
        task: str,
        *,
        try_number: int,
        token: str | None = None,
        map_index: int = -1,
    ) -> LogPage: ...

    def value(self, dag_id: str, airflow_run_id: str, task: str, *, map_index: int = -1) -> Any:
        """What the task returned, references as they are. `NotFound` (`value-not-found`)."""

    def cancel(self, dag_id: str, airflow_run_id: str) -> None: ...

    def close(self) -> None:
        """Let go of connections; nothing is called afterwards."""
