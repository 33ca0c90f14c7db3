"""Runs for the ticks of the past, on Airflow's own backfills."""

from __future__ import annotations

from taxiway.errors import Conflict, Invalid, NotFound, Unavailable
from taxiway.release.model import Release
from taxiway.server.database import ReleaseRow, WorkflowRow
from taxiway.server.orchestrator.port import (
    Backfill,
    BackfillOrder,
    BackfillState,
    Orchestrator,
)
from taxiway.server.releases.records import release_of
from taxiway.server.runs.mirror import params_of
from taxiway.server.runs.orders import BackfillItem, BackfillRequest
from taxiway.server.runs.service import conf_of
from taxiway.workflow.schedule import count_ticks

LIMIT = 1000
SHOWN = 100


def backfill(
    orchestrator: Orchestrator, workflow: WorkflowRow, row: ReleaseRow, asked: BackfillRequest
) -> Backfill:
    """Start the runs of the current release, or rehearse. `Invalid` (`workflow-has-no-schedule`,
    `backfill-range`, `backfill-too-large`, `backfill-empty`), `Conflict` (`workflow-inactive`)."""
    release = _require_schedule(workflow, row)
    _require_range(release, asked)
    rehearsal = _order(release, asked, rehearsal=True)
    try:
        planned = orchestrator.backfill(rehearsal)
        if asked.dry_run:
            return planned
        if not planned.logical_dates:
            raise Invalid(
                "backfill-empty",
                f"Every tick of {workflow.name} in that time has a run, or there is none",
                hint="GET /api/v1/workflows/{id}/runs lists the runs; they can be retried.",
            )
        begun = orchestrator.backfill(_order(release, asked, rehearsal=False))
    except NotFound as error:
        raise Unavailable(
            "airflow-behind",
            f"Airflow does not show {workflow.dag_id} at the moment",
            hint="It may be restarting; try again in a moment.",
        ) from error
    return Backfill(begun.id, planned.logical_dates)


def newest(orchestrator: Orchestrator, workflow: WorkflowRow) -> list[BackfillItem]:
    """The backfills that Airflow has of the workflow, newest first."""
    return [_item(found) for found in orchestrator.backfills(workflow.dag_id, SHOWN)]


def _item(found: BackfillState) -> BackfillItem:
    return BackfillItem(
        id=found.id,
        from_=found.first,
        to=found.last,
        params=params_of(found.conf),
        state="ended" if found.ended_at else "paused" if found.paused else "running",
        created_at=found.created_at,
        ended_at=found.ended_at,
    )


def _require_schedule(workflow: WorkflowRow, row: ReleaseRow) -> Release:
    release = release_of(row)
    if release is None or release.workflow.schedule is None:
        raise Invalid(
            "workflow-has-no-schedule",
            f"Release {row.number} of {workflow.name} has no schedule, so there are no ticks",
            hint="Set a schedule and deploy, or start runs with a logical_date.",
        )
    if not workflow.is_active:
        raise Conflict(
            "workflow-inactive",
            f"{workflow.name} is not active, so Airflow knows no schedule of it",
            hint="Set is_active to true first.",
        )
    return release


def _require_range(release: Release, asked: BackfillRequest) -> None:
    if asked.from_ > asked.to:
        raise Invalid(
            "backfill-range",
            f"The backfill would end at {asked.to.isoformat()}, before it begins at "
            f"{asked.from_.isoformat()}",
            hint="Exchange from and to.",
        )
    schedule, timezone = release.workflow.schedule or "", release.workflow.timezone
    if count_ticks(schedule, timezone, asked.from_, asked.to, limit=LIMIT) > LIMIT:
        raise Invalid(
            "backfill-too-large",
            f"That would be more than {LIMIT} runs, which is the limit of one backfill",
            hint="Make several of them, one after the other.",
            limit=LIMIT,
        )


def _order(release: Release, asked: BackfillRequest, *, rehearsal: bool) -> BackfillOrder:
    return BackfillOrder(
        dag_id=release.workflow.dag_id,
        first=asked.from_,
        last=asked.to,
        conf=conf_of(asked.params),
        max_active_runs=release.workflow.max_active_runs,
        rehearsal=rehearsal,
    )
