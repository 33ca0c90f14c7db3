"""All SQL about pushes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from taxiway.server.database import ReleaseRow, WatchRow, WorkflowRow


def deployed(session: Session) -> Sequence[WorkflowRow]:
    """The workflows with a branch to look at: those that were deployed by hand before."""
    return session.scalars(
        select(WorkflowRow)
        .where(
            WorkflowRow.deleted_at.is_(None),
            WorkflowRow.git_repository.is_not(None),
            WorkflowRow.current_release_id.is_not(None),
        )
        .order_by(WorkflowRow.id)
    ).all()


def lock(session: Session, workflow_ids: Iterable[str]) -> None:
    """Keep other writers away from these workflows until the commit; all lock in one order."""
    ids = select(WorkflowRow.id).where(WorkflowRow.id.in_(list(workflow_ids)))
    session.execute(ids.order_by(WorkflowRow.id).with_for_update()).all()


def watches(session: Session) -> dict[str, WatchRow]:
    return {row.key: row for row in session.scalars(select(WatchRow))}


def claim(session: Session, watch: WatchRow, until: datetime) -> bool:
    """Take the watch for one look; False when another server has taken it."""
    claimed = session.scalar(
        update(WatchRow)
        .where(WatchRow.key == watch.key, WatchRow.due_at == watch.due_at)
        .values(due_at=until)
        .returning(WatchRow.key)
        .execution_options(synchronize_session=False)
    )
    return claimed is not None


def hasten(session: Session, repository: str, moment: datetime) -> None:
    """Look at a repository at `moment`, unless it is looked at before."""
    session.execute(
        update(WatchRow)
        .where(WatchRow.git_repository == repository, WatchRow.due_at > moment)
        .values(due_at=moment)
        .execution_options(synchronize_session=False)
    )


def looked_at(session: Session, repository: str) -> datetime | None:
    """When somebody last began to look."""
    return session.scalar(
        select(func.max(WatchRow.looked_at)).where(WatchRow.git_repository == repository)
    )


def is_deploying(session: Session, workflow_id: str) -> bool:
    """Whether a deploy of the workflow is being prepared: it may take the commit by itself."""
    mine = (ReleaseRow.workflow_id == workflow_id) & (ReleaseRow.state == "preparing")
    return session.scalar(select(ReleaseRow.id).where(mine).limit(1)) is not None
