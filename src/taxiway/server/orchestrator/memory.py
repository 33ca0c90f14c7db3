"""The orchestrator's twin in memory: it ships, for tests and for trying the service alone.

It shows a publication as soon as somebody looks, and runs end when they are told to. An element of
a mapped task is named like `train[2]`. It is never the only proof of anything.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from taxiway.errors import Conflict, NotFound
from taxiway.server.orchestrator.port import (
    Backfill,
    BackfillOrder,
    BackfillState,
    DagState,
    LogLine,
    LogPage,
    PartHealth,
    RecordTag,
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
        self._states: dict[tuple[str, str, str], tuple[str, int]] = {}  # where they are told
        self._timings: dict[tuple[str, str], Mapping[str, Mapping[str, float]]] = {}
        self._records: dict[tuple[str, str], Sequence[RecordTag]] = {}
        self._backfills: dict[str, list[BackfillState]] = {}
        self.looks = 0

    def health(self) -> Mapping[str, PartHealth]:
        return {"airflow_api": PartHealth(True, "in memory")}

    def version(self) -> str:
        return "in memory"

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
            for values in (self._values, self._logs, self._states):
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
            if existing is None and logical_date is not None:
                self._require_free(dag_id, logical_date)
            return existing or self._begin(dag_id, airflow_run_id, conf, logical_date)

    def _require_free(self, dag_id: str, logical_date: datetime) -> None:
        taken = {state.logical_date for _, state in self._runs.values() if state.dag_id == dag_id}
        if logical_date in taken:
            raise Conflict("logical-date-taken", f"{dag_id} has a run for {logical_date}")

    def retry(self, dag_id: str, airflow_run_id: str, tasks: Sequence[str]) -> None:
        with self._lock:
            _, run = self._known(dag_id, airflow_run_id)
            again = replace(run, state="running", ended_at=None)
            self._runs[dag_id, airflow_run_id] = (datetime.now(UTC), again)
            for task in tasks:
                self._states[dag_id, airflow_run_id, task] = ("running", self._tries(run, task) + 1)
                self._values.pop((dag_id, airflow_run_id, task), None)

    def _tries(self, run: RunState, task: str) -> int:
        return self._states.get((run.dag_id, run.airflow_run_id, task), ("", 1))[1]

    def _known(self, dag_id: str, airflow_run_id: str) -> tuple[datetime, RunState]:
        found = self._runs.get((dag_id, airflow_run_id))
        if found is None:
            raise NotFound("airflow-not-found", f"There is no run {airflow_run_id}")
        return found

    def backfill(self, order: BackfillOrder) -> Backfill:
        """It knows no schedule: the only tick is the first moment."""
        if order.dag_id not in self._dags:
            raise NotFound("airflow-not-found", f"There is no DAG {order.dag_id}")
        if order.rehearsal:
            return Backfill(None, [order.first])
        name = f"backfill__{order.first.isoformat()}"
        self.trigger(order.dag_id, name, conf=order.conf, logical_date=order.first)
        with self._lock:
            number = 1 + sum(map(len, self._backfills.values()))
            made = BackfillState(
                *(number, order.first, order.last, order.conf),
                paused=False,
                created_at=datetime.now(UTC),
                ended_at=None,
            )
            self._backfills.setdefault(order.dag_id, []).insert(0, made)
        return Backfill(number)

    def backfills(self, dag_id: str, limit: int) -> Sequence[BackfillState]:
        with self._lock:
            return self._backfills.get(dag_id, [])[:limit]

    def timings(self, dag_id: str, airflow_run_id: str) -> Mapping[str, Mapping[str, float]]:
        with self._lock:
            return dict(self._timings.get((dag_id, airflow_run_id), {}))

    def records(self, dag_id: str, airflow_run_id: str) -> Sequence[RecordTag]:
        with self._lock:
            return list(self._records.get((dag_id, airflow_run_id), ()))

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
        *,
        states: Mapping[str, str] | None = None,
        timings: Mapping[str, Mapping[str, float]] | None = None,
        records: Sequence[RecordTag] = (),
    ) -> None:
        """End a run as `state`, its tasks with these values and lines; their states are the
        run's where `states` does not say another."""
        moment = datetime.now(UTC)
        with self._lock:
            _, run = self._runs[dag_id, airflow_run_id]
            ended = replace(run, state=state, ended_at=moment)
            self._runs[dag_id, airflow_run_id] = (moment, ended)
            for task, value in values.items():
                self._values[dag_id, airflow_run_id, task] = value
            for task, lines in (logs or {}).items():
                self._logs[dag_id, airflow_run_id, task] = tuple(lines)
            for task in {**values, **(logs or {}), **(states or {})}:
                told = (states or {}).get(task, state)
                self._states[dag_id, airflow_run_id, task] = (told, self._tries(run, task))
            self._timings[dag_id, airflow_run_id] = timings or {}
            self._records[dag_id, airflow_run_id] = records

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
            keys = [*self._values, *self._logs, *self._states]
            names = dict.fromkeys(key[2] for key in keys if key[:2] == (dag_id, airflow_run_id))
            told = {n: self._states.get((dag_id, airflow_run_id, n), (run.state, 1)) for n in names}
        return [
            TaskState(
                task=name.partition("[")[0],
                state=state,
                try_number=tries,
                queued_at=run.queued_at,
                started_at=run.started_at,
                ended_at=run.ended_at,
                duration=None,
                map_index=int(name.partition("[")[2].rstrip("]") or -1),
            )
            for name, (state, tries) in told.items()
        ]

    def write(self, dag_id: str, airflow_run_id: str, task: str, *lines: str) -> None:
        """The task runs, and writes these lines."""
        key = (dag_id, airflow_run_id, task)
        with self._lock:
            self._states.setdefault(key, ("running", 1))
            self._logs[key] = (*self._logs.get(key, ()), *lines)

    def log(
        self,
        dag_id: str,
        airflow_run_id: str,
        task: str,
        *,
        try_number: int,
        token: str | None = None,
        map_index: int = -1,
    ) -> LogPage:
        with self._lock:
            key = (dag_id, airflow_run_id, _name(task, map_index))
            lines = self._logs.get(key, ()) if try_number == 1 else ()
        return LogPage([LogLine(line, stream="stdout") for line in lines], None)

    def value(self, dag_id: str, airflow_run_id: str, task: str, *, map_index: int = -1) -> Any:
        with self._lock:
            try:
                return self._values[dag_id, airflow_run_id, _name(task, map_index)]
            except KeyError:
                raise NotFound(
                    "value-not-found",
                    f"The task {task} of this run has no value",
                    hint="It has one when it has ended well and returned something.",
                ) from None

    def cancel(self, dag_id: str, airflow_run_id: str) -> None:
        self.end(dag_id, airflow_run_id, "failed", {})

    def close(self) -> None:
        """There is nothing to let go of."""


def _name(task: str, map_index: int) -> str:
    return task if map_index < 0 else f"{task}[{map_index}]"
