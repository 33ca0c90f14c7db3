"""Holds: after a rollback nothing deploys until somebody resumes the workflow."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC

from sqlalchemy import select
from sqlalchemy.orm import Session

from taxiway.errors import Conflict
from taxiway.server.audit.record import current_user, record
from taxiway.server.database import ReleaseRow, WorkflowRow, now


def hold(
    session: Session,
    workflow: WorkflowRow,
    *,
    at: ReleaseRow,
    abandoned: ReleaseRow | None,
    reason: str | None,
) -> None:
    """Hold the workflow at a release; the caller has its row. A hold that is renewed counts anew."""
    was = workflow.held
    workflow.held = True
    workflow.held_at, workflow.held_by, workflow.held_reason = now(), current_user(), reason
    workflow.held_from = abandoned.number if abandoned else None
    after = {"held": True, "release": at.number, "reason": reason}
    record(
        session,
        "workflow.hold",
        kind="workflow",
        id=workflow.id,
        name=workflow.name,
        before={"held": was, "release": abandoned.number if abandoned else None},
        after=after,
    )


def resume(session: Session, workflow: WorkflowRow) -> bool:
    """Let the workflow be deployed again; False when nothing held it. The caller has its row."""
    if not workflow.held:
        return False
    said = held_text(workflow, current_number(session, workflow))
    workflow.held = False
    workflow.pushed_commit = None  # what was pushed meanwhile is looked at anew
    workflow.held_at = workflow.held_by = workflow.held_reason = workflow.held_from = None
    record(
        session,
        "workflow.resume",
        kind="workflow",
        id=workflow.id,
        name=workflow.name,
        before={"held": True, "text": said},
        after={"held": False},
    )
    return True


def require_not_held(session: Session, workflow: WorkflowRow) -> None:
    """`Conflict` (`workflow-held`)."""
    if not workflow.held:
        return
    text = held_text(workflow, current_number(session, workflow))
    raise Conflict(
        "workflow-held",
        f"{workflow.name} is {text}: nothing deploys until it is resumed",
        hint=f"POST /api/v1/workflows/{workflow.id}/resume, or deploy with "
        '{"resume": true} to resume and deploy at once.',
        held=text,
    )


def current_number(session: Session, workflow: WorkflowRow) -> int | None:
    row = session.get(ReleaseRow, workflow.current_release_id or "")
    return row.number if row else None


def held_texts(session: Session, workflow_ids: Iterable[str]) -> dict[str, str]:
    """`held_text` of those among the workflows that are held: one query for a page."""
    query = (
        select(WorkflowRow, ReleaseRow.number)
        .outerjoin(ReleaseRow, ReleaseRow.id == WorkflowRow.current_release_id)
        .where(WorkflowRow.id.in_(set(workflow_ids)), WorkflowRow.held)
    )
    found = {row.id: held_text(row, number) for row, number in session.execute(query)}
    return {key: text for key, text in found.items() if text is not None}


def held_text(workflow: WorkflowRow, number: int | None) -> str | None:
    """`held at release n by … since …`; None where nothing holds it."""
    if not workflow.held:
        return None
    place = f"held at release {number}" if number is not None else "held"
    who = f" by {workflow.held_by}" if workflow.held_by else ""
    moment = workflow.held_at.astimezone(UTC) if workflow.held_at else None
    when = f" since {moment.isoformat(timespec='seconds')}" if moment else ""
    return f"{place}{who}{when}"
