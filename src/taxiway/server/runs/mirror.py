"""Our record of what Airflow knows about runs, kept by one reader in the order of changes.

Lists and pages are answered from the record, so they do not ask Airflow per row, and it outlives
Airflow's clean-up. The reader goes on where it was after a restart.
"""

from __future__ import annotations

import threading
import uuid
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from taxiway.errors import NotFound, Unavailable
from taxiway.server.database import Database, ReleaseRow, RunRow, WorkflowRow, now
from taxiway.server.orchestrator.port import Orchestrator, RunState, TaskState
from taxiway.server.publishing.publications import release_at
from taxiway.server.runs import queries

log = structlog.get_logger(__name__)

CURSOR = "runs"
OVERLAP = timedelta(seconds=10)  # clocks differ, and a change is seen when it is committed
POLL_SECONDS = 1.0
DOWN_SECONDS = 5.0
RUN_ID_PREFIX = "taxiway__"


def airflow_run_id(run_id: str) -> str:
    """The id under which Airflow knows a run of ours."""
    return RUN_ID_PREFIX + run_id


def our_run_id(state: RunState) -> str:
    """Our id of a run: the one we gave it, or one derived from Airflow's."""
    if state.airflow_run_id.startswith(RUN_ID_PREFIX):
        return state.airflow_run_id.removeprefix(RUN_ID_PREFIX)
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{state.dag_id}/{state.airflow_run_id}"))


class RunMirror:
    """A thread of the server; `step` is one pass, for tests too."""

    def __init__(self, database: Database, orchestrator: Orchestrator) -> None:
        self._database = database
        self._orchestrator = orchestrator
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="run-mirror", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(timeout=10)

    def _loop(self) -> None:
        pause = POLL_SECONDS
        while not self._stopping.wait(pause):
            try:
                self.step()
                pause = POLL_SECONDS
            except Unavailable as error:
                log.warning("run-mirror-waits", code=error.code, reason=error.message)
                pause = DOWN_SECONDS
            except Exception:
                log.exception("run-mirror-failed")
                pause = DOWN_SECONDS

    def step(self) -> int:
        """Read what changed since the last pass; how many runs that were."""
        begun = now()
        with self._database.reading() as session:
            since = queries.cursor(session, CURSOR) or begun - timedelta(days=1)
        changed = self._orchestrator.runs_changed_since(since - OVERLAP)
        for state in changed:
            self.update(state)
        with self._database.writing() as session:
            queries.move_cursor(session, CURSOR, begun)
        return len(changed)

    def refresh(self, run: RunRow) -> RunRow:
        """The run as Airflow shows it at this moment."""
        state = self._orchestrator.run(run.dag_id, run.airflow_run_id)
        return (self.update(state) if state else None) or run

    def update(self, state: RunState) -> RunRow | None:
        """Bring our record of one run up to date; None for a DAG that is not ours."""
        with self._database.reading() as session:
            known = queries.by_airflow_id(session, state.dag_id, state.airflow_run_id)
            if known is not None and not _differs(known, state):
                return known
        tasks = None if state.is_active else self._final_tasks(state)
        with self._database.writing() as session:
            row = queries.by_airflow_id(session, state.dag_id, state.airflow_run_id)
            if row is None:
                row = _new_row(session, state)
                if row is None:
                    return None
            _apply(session, row, state, tasks)
            return row

    def _final_tasks(self, state: RunState) -> list[dict[str, Any]]:
        try:
            tasks = self._orchestrator.tasks(state.dag_id, state.airflow_run_id)
        except NotFound:  # deleted in Airflow by hand
            tasks = ()
        return [task_record(task) for task in tasks]


def task_record(task: TaskState) -> dict[str, Any]:
    """A task's state as JSON."""
    return {
        key: value.isoformat() if isinstance(value, datetime) else value
        for key, value in asdict(task).items()
    }


def _differs(row: RunRow, state: RunState) -> bool:
    return (
        _state(row, state) != row.state
        or row.started_at != state.started_at
        or row.ended_at != state.ended_at
        or (row.release_id is None and state.generation is not None)
    )


def _state(row: RunRow, state: RunState) -> str:
    """Airflow has no 'canceled': a run that was asked to stop, and failed, was canceled."""
    canceled = state.state == "failed" and row.cancel_requested_at is not None
    return "canceled" if canceled else state.state


def _new_row(session: Session, state: RunState) -> RunRow | None:
    workflow = session.scalar(
        select(WorkflowRow)
        .where(WorkflowRow.dag_id == state.dag_id)
        .order_by(WorkflowRow.deleted_at.is_not(None), WorkflowRow.deleted_at.desc())
        .limit(1)
    )
    if workflow is None:
        return None
    row = RunRow(
        id=our_run_id(state),
        workflow_id=workflow.id,
        workflow_name=workflow.name,
        dag_id=state.dag_id,
        airflow_run_id=state.airflow_run_id,
        trigger=state.trigger,
        params=(state.conf.get("taxiway") or {}).get("params") or {},
        created_at=state.queued_at or now(),
    )
    session.add(row)
    return row


def _apply(
    session: Session, row: RunRow, state: RunState, tasks: list[dict[str, Any]] | None
) -> None:
    row.state = _state(row, state)
    row.logical_date = state.logical_date
    row.started_at = state.started_at
    row.ended_at = state.ended_at
    row.tasks = tasks
    if state.generation is not None:
        pinned = release_at(session, row.workflow_id, state.generation)
        # Airflow's word counts: a trigger may have overtaken a deploy, or the reverse. But of two
        # releases of equal content, the one that was current when the run began stays.
        if not _equal_content(session, row.release_id, pinned):
            row.release_id = pinned


def _equal_content(session: Session, one: str | None, other: str | None) -> bool:
    if one is None or other is None:
        return one == other
    query = select(ReleaseRow.digest).where(ReleaseRow.id.in_([one, other])).distinct()
    return len(session.scalars(query).all()) == 1
