"""Running again, on the current release, what another release ran."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from taxiway.errors import Conflict, Invalid, NotFound, TaxiwayError
from taxiway.server.database import Database, ReleaseRow, RunRow, WorkflowRow
from taxiway.server.orchestrator.port import Orchestrator
from taxiway.server.releases.records import release_of
from taxiway.server.runs import service
from taxiway.server.runs.mirror import RunMirror

MOST = 100
_TRIES = 50


@dataclass(frozen=True)
class Again:
    """A run of before, and the one that does its work anew, or why there is none."""

    before: RunRow
    run: RunRow | None
    error: TaxiwayError | None = None


def runs_to_repeat(
    session: Session, workflow: WorkflowRow, ids: Sequence[str] | None, release: int | None
) -> list[RunRow]:
    """The runs that are meant, oldest first; `NotFound` (`run-not-found`), `Invalid`."""
    mine = select(RunRow).where(RunRow.workflow_id == workflow.id)
    if ids is not None:
        wanted = list(dict.fromkeys(ids))
        rows = list(session.scalars(mine.where(RunRow.id.in_(wanted))))
        missing = sorted(set(wanted) - {row.id for row in rows})
        if missing:
            raise NotFound("run-not-found", f"{workflow.name} has no run {missing[0][:100]}")
    else:
        number = select(ReleaseRow.id).where(
            ReleaseRow.workflow_id == workflow.id, ReleaseRow.number == release
        )
        found = mine.where(RunRow.release_id == number.scalar_subquery()).limit(MOST + 1)
        rows = list(session.scalars(found))
    if len(rows) > MOST:
        raise Invalid(
            "reruns-too-many",
            f"Release {release} made more than {MOST} runs, which is the limit of one call",
            hint="Name the runs: GET /api/v1/workflows/{id}/runs?release=… lists them.",
            limit=MOST,
        )
    return sorted(rows, key=lambda row: (row.created_at, row.id))


def run_again(
    database: Database,
    orchestrator: Orchestrator,
    mirror: RunMirror,
    workflow: WorkflowRow,
    release: ReleaseRow,
    before: RunRow,
) -> Again:
    """Start a run of `release` with the params of `before`, for the same moment.

    A DAG has one run for each logical date, so the new one's is the next microsecond that is
    free: `ds`, and `ts` to the second, are the same.
    """
    moment, params = before.logical_date, dict(before.params)
    known = _tasks(release)
    try:
        if unknown := [task for task in params if task not in known]:
            raise Conflict(
                "task-not-found",
                f"The run {before.id} had params for {', '.join(unknown)}, which release "
                f"{release.number} has not",
                hint="Start a run with other params.",
            )
        return Again(
            before, _trigger(database, orchestrator, mirror, workflow, release, moment, params)
        )
    except TaxiwayError as error:
        return Again(before, None, error)


def _tasks(release: ReleaseRow) -> set[str]:
    sealed = release_of(release)
    return {task.name for task in sealed.workflow.tasks} if sealed else set()


def _trigger(
    database: Database,
    orchestrator: Orchestrator,
    mirror: RunMirror,
    workflow: WorkflowRow,
    release: ReleaseRow,
    moment: datetime | None,
    params: service.Params,
) -> RunRow:
    for _ in range(_TRIES):
        moment = moment + timedelta(microseconds=1) if moment else None
        try:
            return service.trigger(
                database, orchestrator, mirror, workflow, release, params, moment
            )
        except Conflict as error:
            if error.code != "logical-date-taken":
                raise
            taken = error
    raise taken
