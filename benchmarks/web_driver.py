"""The real server with many tasks, runs and lines, for a browser to look at; Airflow is in memory.

Run by itself: `python -m benchmarks.web_driver HOME PORT [SCALE]`. It leaves the addresses of its
pages in HOME/addresses.json, and serves until it is told to stop, or until the other end of the pipe
that it reads from is gone: whoever started it was killed. One workflow has a run that goes on for
ever: each second some of its tasks end, others begin, and one writes.
"""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import uvicorn
from sqlalchemy import insert

from taxiway.release.model import Release
from taxiway.server import logs
from taxiway.server.app import create_app
from taxiway.server.database import (
    Database,
    ReleaseRow,
    RunRow,
    TaskRow,
    WorkflowRow,
    upgrade,
)
from taxiway.server.orchestrator.memory import MemoryOrchestrator
from taxiway.server.orchestrator.port import LogLine, LogPage, RunState, TaskState
from taxiway.server.runs.mirror import task_record
from taxiway.server.settings import load_settings
from taxiway.workflow.models import Task, Workflow

WIDE_TASKS, GRID_RUNS, GRID_TASKS, LINES = 500, 100, 50, 100_000
LAYER = 10  # tasks side by side
WRITER, PER_SECOND = 1, 1000  # which task runs for ever, and its lines
NOW = datetime.now(UTC)
BEGAN = time.monotonic()
STATES = ("success",) * 9 + ("failed",)
PHASES = {"snapshot": 0.02, "environment": 0.03, "start": 0.06, "import": 0.4, "function": 8.0}


class Played(MemoryOrchestrator):
    """One run goes on by the clock, and one task has written very much."""

    def __init__(self, wide: Sequence[str], lines: int, per_second: int) -> None:
        super().__init__(lambda dag_id: None)
        self._wide = wide
        self._first = lines
        self._per_second = per_second
        self._read_at = 0.0  # it grows from when somebody looks
        self._lines = [_line(number) for number in range(1, lines + 1)]

    def run(self, dag_id: str, airflow_run_id: str) -> RunState | None:
        if dag_id != "wide":
            return None
        told = ("running", "manual", 1, None, NOW, NOW, None)
        return RunState(dag_id, airflow_run_id, *told)

    def tasks(self, dag_id: str, airflow_run_id: str) -> Sequence[TaskState]:
        done = int((time.monotonic() - BEGAN) * 3) % len(self._wide)

        def state(place: int) -> str:
            if place < done and place != WRITER:
                return "success"
            return "running" if place < done + LAYER or place == WRITER else "scheduled"

        return [_task_state(name, state(n)) for n, name in enumerate(self._wide)]

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
        if airflow_run_id != "live":
            return LogPage(self._lines[: self._first], None)
        self._read_at = self._read_at or time.monotonic()
        written = self._first + int((time.monotonic() - self._read_at) * self._per_second)
        with self._lock:
            self._lines += map(_line, range(len(self._lines) + 1, written + 1))
            return LogPage(self._lines[:written], None)


def _line(number: int) -> LogLine:
    level = "warning" if number % 1000 == 0 else "info"
    text = f"step {number}: \x1b[32mloss\x1b[0m {1 / number:.6f}, accuracy {1 - 1 / number:.6f}"
    return LogLine(text, NOW + timedelta(milliseconds=number), level, "stdout")


def _task_state(name: str, state: str) -> TaskState:
    ended = NOW + timedelta(seconds=9) if state in ("success", "failed") else None
    begun = None if state == "scheduled" else NOW
    took = 9.0 if ended else None
    return TaskState(name, state, 1 if begun else 0, NOW, begun, ended, took, PHASES)


def names(count: int) -> list[str]:
    return [f"task_{number:03}" for number in range(count)]


def declared(name: str, count: int) -> tuple[Workflow, dict[str, list[str]]]:
    """A workflow in layers; each task comes after two of the layer before."""
    every = names(count)
    before = {
        task: [every[n - LAYER], every[n - LAYER - n % LAYER + (n + 1) % LAYER]]
        if n >= LAYER
        else []
        for n, task in enumerate(every)
    }
    tasks = [Task(task, "src/steps.py", "step", dependencies=tuple(before[task])) for task in every]
    return Workflow(name, name, tasks=tuple(tasks)), before


class Filling:
    """Rows of one home's database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def workflow(self, name: str, count: int) -> tuple[str, str]:
        """Ids of the workflow and of its release."""
        workflow, before = declared(name, count)
        made, release = str(uuid.uuid4()), str(uuid.uuid4())
        ids = {task.name: str(uuid.uuid4()) for task in workflow.tasks}
        sealed = Release(made, workflow, "0" * 40, "1" * 40, "2" * 64, "3.11")
        row = {"id": made, "name": name, "dag_id": name, "current_release_id": release}
        told = {"id": release, "workflow_id": made, "number": 1, "state": "ready"}
        told |= {"digest": sealed.digest, "commit": sealed.commit, "tree": sealed.tree}
        told |= {"lock": sealed.lock, "sealed": sealed.to_bytes().decode(), "ready_at": NOW}
        self._insert(WorkflowRow, [row | {"git_commit_sha": sealed.commit}])
        self._insert(ReleaseRow, [told])
        rows = (_row(task, made, ids, before[task.name]) for task in workflow.tasks)
        self._insert(TaskRow, list(rows))
        return made, release

    def runs(self, workflow: str, release: str, dag_id: str, given: list[dict[str, Any]]) -> None:
        shared = {"workflow_id": workflow, "release_id": release, "trigger": "manual"}
        shared |= {"workflow_name": dag_id, "dag_id": dag_id}
        self._insert(RunRow, [shared | one for one in given])

    def _insert(self, table: type[Any], rows: list[dict[str, Any]]) -> None:
        with self._database.writing() as session:
            session.execute(insert(table), rows)


def _row(task: Task, workflow: str, ids: dict[str, str], before: list[str]) -> dict[str, Any]:
    return {
        "id": ids[task.name],
        "workflow_id": workflow,
        "name": task.name,
        "script_path": task.script_path,
        "function_name": task.function_name,
        "dependencies": [ids[name] for name in dict.fromkeys(before)],
    }


def ended_runs(count: int, tasks: Sequence[str]) -> Iterator[dict[str, Any]]:
    for number in range(count):
        begun = NOW - timedelta(hours=number + 1)
        states = [STATES[(number * 7 + place) % len(STATES)] for place in range(len(tasks))]
        told = [task_record(_task_state(*one)) for one in zip(tasks, states, strict=True)]
        yield {
            "id": str(uuid.uuid4()),
            "airflow_run_id": f"run_{number}",
            "state": STATES[number % len(STATES)],
            "created_at": begun,
            "started_at": begun,
            "ended_at": begun + timedelta(seconds=60 + number),
            "tasks": told,
        }


def fill(database: Database, sized: Callable[[int], int]) -> dict[str, str]:
    """Addresses of the pages, by what is on them."""
    filling = Filling(database)
    wide, wide_release = filling.workflow("wide", sized(WIDE_TASKS))
    live = {"id": str(uuid.uuid4()), "airflow_run_id": "live", "state": "running"}
    live |= {"created_at": NOW, "started_at": NOW}
    filling.runs(wide, wide_release, "wide", [live])
    grid, grid_release = filling.workflow("grid", sized(GRID_TASKS))
    ended = list(ended_runs(sized(GRID_RUNS), names(sized(GRID_TASKS))))
    filling.runs(grid, grid_release, "grid", ended)
    return {
        "graph": f"/workflows/{wide}",
        "edit": f"/workflows/{wide}/edit",
        "run": f"/runs/{live['id']}",
        "gantt": f"/runs/{live['id']}?view=gantt",
        "grid": f"/workflows/{grid}/runs?runs=100",
        "log": f"/runs/{ended[0]['id']}?view=table&task=task_000",
        "live log": f"/runs/{live['id']}?view=table&task=task_{WRITER:03}",
    }


def end_with_parent() -> None:
    def wait() -> None:
        sys.stdin.buffer.read()
        os.kill(os.getpid(), signal.SIGTERM)

    if stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode):
        threading.Thread(target=wait, daemon=True).start()


def main(home: Path, port: int, scale: float) -> None:
    def sized(count: int) -> int:
        return max(2, round(count * scale))

    settings = load_settings(home=home, port=port, log_level="error")
    home.mkdir(parents=True, exist_ok=True)
    upgrade(settings.database_url)
    database = Database(settings.database_url)
    addresses = fill(database, sized)
    database.close()
    app = create_app(settings, Played(names(sized(WIDE_TASKS)), sized(LINES), sized(PER_SECOND)))
    (home / "addresses.json").write_text(json.dumps(addresses))
    logs.configure(settings.log_format, settings.log_level)
    uvicorn.run(app, port=port, log_config=None, access_log=False)


if __name__ == "__main__":
    end_with_parent()
    main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]) if sys.argv[3:] else 1.0)
