"""The orchestrator's twin in memory: it ships, for tests and for trying the service alone.

It shows a publication as soon as somebody looks, and runs end when they are told to. It is never
the only proof of anything.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from taxiway.errors import NotFound
from taxiway.server.orchestrator.port import (
    DagState,
    LogLine,
    LogPage,
    PartHealth,
    RunState,
    TaskState,
)

Shown = Callable[[str], DagState | None]


class MemoryOrchestrator:
    """`shown(dag_id)` says what the publications hold: it stands for the bundle."""

    parts = ("airflow_api",)

    def __init__(self, shown: Shown) -> None:
        self._shown = shown
        self._lock = threading.RLock()
        self._dags: dict[str, DagState] = {}
        self._runs: dict[tuple[str, str], tuple[datetime, RunState]] = {}
        self._values: dict[tuple[str, str, str], Any] = {}
        self._logs: dict[tuple[str, str, str], tuple[str, ...]] = {}
        self.looks = 0

    def health(self) -> Mapping[str, PartHealth]:
        return {"airflow_api": PartHealth(True, "in memory")}

    def look(self, dag_id: str) -> None:
        state = self._shown(dag_id)
        with self._lock:
            self.looks += 1
            if state is None:
                self._dags.pop(dag_id, None)
            else:
                self._dags[dag_id] = state

    def dag(self, dag_id: str) -> DagState | None:
        with self._lock:
            return self._dags.get(dag_id)

    def import_error(self, dag_id: str) -> str | None:
        return None

    def unpause(self, dag_id: str) -> None:
        with self._lock:
            self._dags[dag_id] = replace(self._dags[dag_id], is_paused=False)

    def delete(self, dag_id: str) -> None:
        with self._lock:
            self._dags.pop(dag_id, None)
            for key in [key for key in self._runs if key[0] == dag_id]:
                del self._runs[key]
            for values in (self._values, self._logs):
                for task in [key for key in values if key[0] == dag_id]:
                    del values[task]

    def trigger(
        self,
        dag_id: str,
        airflow_run_id: str,
        *,
        conf: Mapping[str, Any],
        logical_date: datetime | None = None,
    ) -> RunState:
        with self._lock:
            if dag_id not in self._dags:
                raise NotFound("airflow-not-found", f"There is no DAG {dag_id}")
            existing = self.run(dag_id, airflow_run_id)
            return existing or self._begin(dag_id, airflow_run_id, conf, logical_date)

    def _begin(
        self,
        dag_id: str,
        airflow_run_id: str,
        conf: Mapping[str, Any],
        logical_date: datetime | None,
    ) -> RunState:
        moment = datetime.now(UTC)
        by_schedule = airflow_run_id.startswith("scheduled__")
        state = RunState(
            dag_id=dag_id,
            airflow_run_id=airflow_run_id,
            state="running",
            trigger="schedule" if by_schedule else "manual",
            generation=self._dags[dag_id].generation,
            logical_date=logical_date,
            queued_at=moment,
            started_at=moment,
            ended_at=None,
            conf=dict(conf),
        )
        self._runs[dag_id, airflow_run_id] = (moment, state)
        return state

    def end(
        self,
        dag_id: str,
        airflow_run_id: str,
        state: str,
        values: Mapping[str, Any],
        logs: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """End a run as `state`, its tasks with these values and lines."""
        moment = datetime.now(UTC)
        with self._lock:
            _, run = self._runs[dag_id, airflow_run_id]
            ended = replace(run, state=state, ended_at=moment)
            self._runs[dag_id, airflow_run_id] = (moment, ended)
            for task, value in values.items():
                self._values[dag_id, airflow_run_id, task] = value
            for task, lines in (logs or {}).items():
                self._logs[dag_id, airflow_run_id, task] = tuple(lines)

    def run(self, dag_id: str, airflow_run_id: str) -> RunState | None:
        with self._lock:
            found = self._runs.get((dag_id, airflow_run_id))
        return found[1] if found else None

    def active_runs(self, dag_id: str) -> Sequence[RunState]:
        with self._lock:
            states = [state for _, state in self._runs.values()]
        return [state for state in states if state.dag_id == dag_id and state.is_active]

    def runs_changed_since(self, moment: datetime) -> Sequence[RunState]:
        with self._lock:
            changed = sorted(self._runs.values(), key=lambda pair: pair[0])
        return [state for when, state in changed if when >= moment]

    def tasks(self, dag_id: str, airflow_run_id: str) -> Sequence[TaskState]:
        run = self.run(dag_id, airflow_run_id)
        if run is None:
            raise NotFound("airflow-not-found", f"There is no run {airflow_run_id}")
        with self._lock:
            keys = [*self._values, *self._logs]
        names = dict.fromkeys(key[2] for key in keys if key[:2] == (dag_id, airflow_run_id))
        return [
            TaskState(name, run.state, 1, run.queued_at, run.started_at, run.ended_at, None)
            for name in names
        ]

    def log(
        self,
        dag_id: str,
        airflow_run_id: str,
        task: str,
        *,
        try_number: int,
        token: str | None = None,
    ) -> LogPage:
        with self._lock:
            lines = self._logs.get((dag_id, airflow_run_id, task), ()) if try_number == 1 else ()
        return LogPage([LogLine(line, stream="stdout") for line in lines], None)

    def value(self, dag_id: str, airflow_run_id: str, task: str) -> Any:
        with self._lock:
            try:
                return self._values[dag_id, airflow_run_id, task]
            except KeyError:
                raise NotFound("value-not-found", f"The task {task} has no value") from None

    def cancel(self, dag_id: str, airflow_run_id: str) -> None:
        self.end(dag_id, airflow_run_id, "failed", {})

    def close(self) -> None:
        """There is nothing to let go of."""
