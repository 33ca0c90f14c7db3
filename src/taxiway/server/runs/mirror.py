"""Our record of what Airflow knows about runs, kept by one reader in the order of changes.

Lists and pages are answered from the record, so they do not ask Airflow per row, and it outlives
Airflow's clean-up. The reader goes on where it was after a restart.
"""

from __future__ import annotations

import re
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from taxiway.errors import NotFound, Unavailable
from taxiway.server.database import Database, ReleaseRow, RunRow, WorkflowRow, now
from taxiway.server.notifications.outbox import Outbox
from taxiway.server.orchestrator.port import ACTIVE, Orchestrator, RunState, TaskState
from taxiway.server.publishing.publications import release_at
from taxiway.server.runs import queries
from taxiway.server.runs.records import Records, keep
from taxiway.server.runs.timings import timed

log = structlog.get_logger(__name__)

CURSOR = "runs"
OVERLAP = timedelta(seconds=10)  # clocks differ, and a change is seen when it is committed
POLL_SECONDS = 1.0
DOWN_SECONDS = 5.0
SWEEP_SECONDS = 30.0
LOST = timedelta(minutes=1)  # a run that Airflow has not by then, it will never have
RUN_ID_PREFIX = "taxiway__"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def airflow_run_id(run_id: str) -> str:
    """The id under which Airflow knows a run of ours."""
    return RUN_ID_PREFIX + run_id


def our_run_id(state: RunState, workflow_id: str) -> str:
    """Our id of a run: the one we gave it, or one derived from Airflow's."""
    given = state.airflow_run_id.removeprefix(RUN_ID_PREFIX)
    if given != state.airflow_run_id and _UUID.fullmatch(given):
        return given
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{workflow_id}/{state.airflow_run_id}"))


class RunMirror:
    """A thread of the server; `step` is one pass, for tests too."""

    def __init__(
        self,
        database: Database,
        orchestrator: Orchestrator,
        outbox: Outbox | None = None,
        records: Records | None = None,
    ) -> None:
        self._database = database
        self._orchestrator = orchestrator
        self._outbox = outbox or Outbox()
        self._records = records
        self._stopping = threading.Event()
        self._swept = float("-inf")
        self._thread = threading.Thread(target=self._loop, name="run-mirror", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
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
            with self._apart(state.airflow_run_id):
                self.update(state)
        if changed or begun - since > OVERLAP:
            with self._database.writing() as session:
                queries.move_cursor(session, CURSOR, begun)
        if time.monotonic() - self._swept > SWEEP_SECONDS:
            self.sweep()
            self._swept = time.monotonic()
        return len(changed)

    def sweep(self) -> None:
        """Look at every run that has not ended by our record: a server that was killed between
        its record and Airflow's left a run that never began, and one that is removed in Airflow
        by hand is among no changes."""
        with self._database.reading() as session:
            rows = queries.all_active(session)
        for row in rows:
            with self._apart(row.airflow_run_id):
                state = self._orchestrator.run(row.dag_id, row.airflow_run_id)
                if state is not None:
                    self.update(state)
                elif now() - row.created_at > LOST:
                    self._lose(row.id)

    @contextmanager
    def _apart(self, run: str) -> Iterator[None]:
        """What is odd about one run keeps no other from being read."""
        try:
            yield
        except Unavailable:
            raise
        except Exception:
            log.exception("run-not-recorded", run=run)

    def _lose(self, run_id: str) -> None:
        with self._database.writing() as session:
            row = session.get_one(RunRow, run_id, with_for_update=True)
            if row.state in ACTIVE:
                row.state = "canceled" if row.cancel_requested_at else "failed"
                row.ended_at = now()
                self._outbox.run_ended(session, row)

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
        if known is not None and known.state not in ACTIVE and state.is_active:
            # It was cleared in Airflow, or what we hold was read before the run ended.
            state = self._orchestrator.run(state.dag_id, state.airflow_run_id) or state
        tasks = None if state.is_active else self._final_tasks(state)
        left = self._records.left(state) if self._records and not state.is_active else ()
        with self._database.writing() as session:
            row = queries.by_airflow_id(session, state.dag_id, state.airflow_run_id, lock=True)
            before = row.state if row else None
            if before not in (None, *ACTIVE) and known is not None and known.state in ACTIVE:
                return row  # another server has recorded its end meanwhile
            if row is None:
                row = _new_row(session, state)
                if row is None:
                    return None
            _apply(session, row, state, tasks)
            if left:
                keep(session, row, left)
            if row.state != before:
                self._outbox.run_ended(session, row)
            return row

    def _final_tasks(self, state: RunState) -> list[dict[str, Any]]:
        try:
            tasks = self._orchestrator.tasks(state.dag_id, state.airflow_run_id)
        except NotFound:  # deleted in Airflow by hand
            return []
        found = timed(self._orchestrator, state.dag_id, state.airflow_run_id, tasks)
        return [task_record(task) for task in found]


def task_record(task: TaskState) -> dict[str, Any]:
    """A task's state as JSON."""
    return {
        key: value.isoformat() if isinstance(value, datetime) else value
        for key, value in asdict(task).items()
    }


def task_of(record: dict[str, Any]) -> TaskState:
    """The state that `task_record` made the record of."""
    moments = {
        key: datetime.fromisoformat(record[key]) if record[key] else None
        for key in ("queued_at", "started_at", "ended_at")
    }
    return TaskState(**{**record, **moments})


def _differs(row: RunRow, state: RunState) -> bool:
    return (
        _state(row, state, row.tasks) != row.state
        or row.started_at != state.started_at
        or row.ended_at != state.ended_at
        or (row.release_id is None and state.generation is not None)
    )


def _state(row: RunRow, state: RunState, tasks: list[dict[str, Any]] | None) -> str:
    """Airflow has no 'canceled': a run that was asked to stop, and did not do all, was canceled.

    Its scheduler may look at the run while it is being stopped, see that the last tasks were
    kept from beginning, and call it a success.
    """
    if row.cancel_requested_at is None:
        return state.state
    undone = any(task["state"] != "success" for task in tasks or ())
    cut_off = state.state == "failed" or (state.state == "success" and undone)
    return "canceled" if cut_off else state.state


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
        id=our_run_id(state, workflow.id),
        workflow_id=workflow.id,
        workflow_name=workflow.name,
        dag_id=state.dag_id,
        airflow_run_id=state.airflow_run_id,
        trigger=state.trigger[:20],
        params=params_of(state.conf),
        created_at=state.queued_at or now(),
    )
    session.add(row)
    return row


def params_of(conf: Any) -> dict[str, Any]:
    """The params that a run was given, also one that was triggered in Airflow with any conf."""
    for key in ("taxiway", "params"):
        conf = conf.get(key) if isinstance(conf, dict) else None
    return conf if isinstance(conf, dict) else {}


def _apply(
    session: Session, row: RunRow, state: RunState, tasks: list[dict[str, Any]] | None
) -> None:
    if row.state not in ACTIVE and state.is_active:
        row.cancel_requested_at = None  # it was asked to go on: that cancel is over
    row.state = _state(row, state, tasks)
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
