"""The lines of the record that tell of releases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from taxiway.errors import TaxiwayError
from taxiway.server.audit.record import record
from taxiway.server.database import ReleaseRow, WorkflowRow


def asked(
    session: Session, workflow: WorkflowRow, release: ReleaseRow, told: Mapping[str, Any]
) -> None:
    """A deploy was asked for. `told`: what it was told beyond the workflow, such as to take a
    commit that is not on the branch."""
    current = session.get(ReleaseRow, workflow.current_release_id or "")
    after: dict[str, Any] = {
        **{"release": release.number, "message": release.message, "cause": release.cause},
        **{name: value for name, value in told.items() if value},
    }
    _line(session, "workflow.deploy", workflow, release, facts(current), after)


def published(
    session: Session, workflow: WorkflowRow, release: ReleaseRow, before: ReleaseRow | None
) -> None:
    """A release is current now; that it is ready will show when Airflow has it."""
    workflow.push_error = None
    after = {**facts(release), "unchanged": release.unchanged}
    _line(session, "workflow.publish", workflow, release, facts(before), after)


def failed(session: Session, release: ReleaseRow, error: TaxiwayError) -> None:
    """A deploy has failed: what was current stays so, and shows why a push did not arrive."""
    workflow = session.get_one(WorkflowRow, release.workflow_id)
    current = session.get(ReleaseRow, workflow.current_release_id or "")
    if release.cause == "push":
        workflow.push_error = {
            **{"code": error.code, "message": error.message, "hint": error.hint},
            **{"kind": type(error).__name__, "release": release.number},
        }
    after = {"release": release.number, "code": error.code, "message": error.message}
    _line(session, "workflow.deploy_failed", workflow, release, facts(current), after)


def facts(row: ReleaseRow | None) -> dict[str, Any]:
    """What tells one release from another."""
    if row is None:
        return {"release": None}
    return {"release": row.number, "commit": row.commit, "digest": row.digest}


def _line(
    session: Session,
    action: str,
    workflow: WorkflowRow,
    release: ReleaseRow,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    record(
        session,
        action,
        kind="workflow",
        id=workflow.id,
        name=workflow.name,
        before=before,
        after=after,
        who=release.deployed_by,
        request_id=release.request_id,
    )
