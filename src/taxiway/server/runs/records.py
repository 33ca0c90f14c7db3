"""What went into task runs and what came out: read from the storage, kept with the run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import delete
from sqlalchemy.orm import Session

from taxiway.errors import NotFound, Unavailable
from taxiway.server.database import MetricRow, RunRow, TaskRunRow, now
from taxiway.server.orchestrator.port import Orchestrator, RecordTag, RunState
from taxiway.storage.store import Storage

log = structlog.get_logger(__name__)

Record = dict[str, Any]


@dataclass(frozen=True)
class Left:
    """The record of one task run, as its worker left it."""

    task: str
    map_index: int
    digest: str
    record: Record


class Records:
    """Finds what the workers recorded."""

    def __init__(self, storage: Storage, orchestrator: Orchestrator) -> None:
        self._storage = storage
        self._orchestrator = orchestrator

    def left(self, run: RunState | RunRow) -> list[Left]:
        """The records of a run's latest tries, so far; one call of Airflow. What cannot be had is
        left out: states matter more."""
        try:
            tags = self._orchestrator.records(run.dag_id, run.airflow_run_id)
        except (NotFound, Unavailable) as error:
            log.warning("records-not-read", run=run.airflow_run_id, reason=error.message)
            return []
        read = ((tag, self._read(tag)) for tag in tags)
        return [Left(tag.task, tag.map_index, tag.digest, record) for tag, record in read if record]

    def _read(self, tag: RecordTag) -> Record | None:
        try:
            data = self._storage.get(f"records/{tag.digest}.json")
        except (NotFound, Unavailable) as error:
            log.warning("record-not-read", record=tag.digest, reason=error.message)
            return None
        if hashlib.sha256(data).hexdigest() != tag.digest:
            log.warning("record-damaged", record=tag.digest)
            return None
        record: Record = json.loads(data)
        return record


def keep(session: Session, run: RunRow, left: Sequence[Left]) -> None:
    """Put them in the place of what was kept of the run before."""
    session.flush()  # of a run that is new here
    session.execute(delete(TaskRunRow).where(TaskRunRow.run_id == run.id))
    session.execute(delete(MetricRow).where(MetricRow.run_id == run.id))
    moment = run.ended_at or now()
    for one in left:
        session.add(
            TaskRunRow(
                run_id=run.id,
                task=one.task,
                map_index=one.map_index,
                given=given_of(one.record),
                record_digest=one.digest,
                record=one.record,
                created_at=moment,
            )
        )
        metrics = one.record["summary"].get("metrics", {})
        session.add_all(
            MetricRow(
                workflow_id=run.workflow_id,
                run_id=run.id,
                task=one.task,
                map_index=one.map_index,
                name=name,
                value=value,
                created_at=moment,
            )
            for name, value in metrics.items()
        )


def given_of(record: Record) -> str:
    """One digest of all that a task run was given."""
    digests = record["digests"]
    given = f"{digests['inputs']} {digests['params']}"
    return hashlib.sha256(given.encode("ascii")).hexdigest()
