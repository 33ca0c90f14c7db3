"""From which moment on a schedule counts.

Airflow runs the last tick of a fresh DAG at once unless the tick is before the start date, so the
start date is the moment when the schedule began to count: the deploy that set it, or the day it
was resumed. Only `catchup` asks for the past: then it counts from the workflow's creation.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from taxiway.release.model import Release
from taxiway.server.database import WorkflowRow, now


def first_tick_after(
    workflow: WorkflowRow, before: Release | None, release: Release
) -> datetime | None:
    """The moment for a deploy of `release` over `before`; None without a schedule."""
    if release.workflow.schedule is None:
        return None
    if release.workflow.catchup:
        return workflow.created_at
    unchanged = before is not None and _cadence(before) == _cadence(release)
    return workflow.schedule_from if unchanged and workflow.schedule_from else renewed()


def renewed() -> datetime:
    """Now, past the tick of this second if there is one."""
    return now().replace(microsecond=0) + timedelta(seconds=1)


def iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None


def _cadence(release: Release) -> tuple[str | None, str, bool]:
    workflow = release.workflow
    return workflow.schedule, workflow.timezone, workflow.catchup
