"""Which releases may go: old ones beyond a count, that nothing names and nothing runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from taxiway.server.database import CursorRow, PublicationRow, ReleaseRow, RunRow, WorkflowRow, now
from taxiway.server.orchestrator.port import ACTIVE

KEPT = "keep:"
MOMENT = timedelta(minutes=10)


@dataclass(frozen=True)
class Retention:
    """A release is kept while it is one of the newest `releases` of its workflow, or younger than
    `days`; a run keeps its release for `run_days`, and as long as it has not ended."""

    releases: int
    days: float
    run_days: float


def keep(session: Session, kind: Literal["release", "run"], id: str) -> None:
    """Keep a release, or a run's values, for a moment: it is about to be run."""
    session.merge(CursorRow(name=f"{KEPT}{kind}:{id}", moment=now() + MOMENT))


def kept_now(session: Session, kind: Literal["release", "run"]) -> list[str]:
    """Ids of what is kept for a moment."""
    prefix = f"{KEPT}{kind}:"
    query = select(CursorRow.name).where(
        CursorRow.name.startswith(prefix), CursorRow.moment > now()
    )
    return [name.removeprefix(prefix) for name in session.scalars(query)]


def whole(session: Session, workflow_id: str) -> list[ReleaseRow]:
    """The workflow's releases that were sealed and not removed, newest first."""
    query = select(ReleaseRow).where(
        ReleaseRow.workflow_id == workflow_id,
        ReleaseRow.digest.is_not(None),
        ReleaseRow.removed_at.is_(None),
    )
    return list(session.scalars(query.order_by(ReleaseRow.number.desc())))


def workflows_beyond(session: Session) -> Sequence[WorkflowRow]:
    """The workflows that have releases which could go; deleted ones, too."""
    sealed = select(ReleaseRow.workflow_id).where(
        ReleaseRow.digest.is_not(None), ReleaseRow.removed_at.is_(None)
    )
    query = select(WorkflowRow).where(WorkflowRow.id.in_(sealed)).order_by(WorkflowRow.id)
    return session.scalars(query).all()


def expired(session: Session, workflow: WorkflowRow, policy: Retention) -> list[ReleaseRow]:
    """What may go, by our own records: Airflow may know of a run that we have not seen yet."""
    rows = whole(session, workflow.id)
    count = 0 if workflow.deleted_at is not None else policy.releases
    young = now() - timedelta(days=policy.days)
    needed = _needed(session, workflow, policy)
    kept = [
        row
        for number, row in enumerate(rows)
        if number < count
        or row.created_at > young
        or row.state in ("preparing", "publishing")
        or row.id in needed
    ]
    digests = {row.digest for row in kept}
    return [row for row in rows if row not in kept and row.digest not in digests]


def _needed(session: Session, workflow: WorkflowRow, policy: Retention) -> set[str]:
    """The current release, which a hold keeps too; what Airflow shows or may still show; what
    runs, or was run not long ago."""
    recent = now() - timedelta(days=policy.run_days)
    runs = select(RunRow.release_id).where(
        RunRow.workflow_id == workflow.id,
        RunRow.release_id.is_not(None),
        or_(RunRow.state.in_(ACTIVE), RunRow.created_at > recent),
    )
    unseen = select(PublicationRow.release_id).where(
        PublicationRow.workflow_id == workflow.id, PublicationRow.confirmed_at.is_(None)
    )
    shown = (
        select(PublicationRow.release_id)
        .where(PublicationRow.workflow_id == workflow.id)
        .order_by(PublicationRow.generation.desc())
        .limit(1)
    )
    found = {
        *kept_now(session, "release"),
        *session.scalars(runs.distinct()),
        *session.scalars(unseen),
        *session.scalars(shown),
        workflow.current_release_id,
    }
    return {one for one in found if one is not None}
