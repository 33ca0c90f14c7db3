"""All SQL about pushes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import case, func, or_, select, update
from sqlalchemy.orm import Session

from taxiway.server.database import ReleaseRow, WatchRow, WorkflowRow, now

_DEPLOYED = (
    WorkflowRow.deleted_at.is_(None),
    WorkflowRow.git_repository.is_not(None),
    WorkflowRow.current_release_id.is_not(None),
)


def sources(session: Session) -> list[tuple[WorkflowRow, bool]]:
    """One workflow of each repository and credential that has a branch to look at, and whether
    one of them follows pushes: however many they are, a pass reads no more rows than that."""
    follows = func.max(case((WorkflowRow.git_update_policy == "on_push", 1), else_=0))
    groups = (
        select(func.min(WorkflowRow.id).label("id"), follows.label("follows"))
        .where(*_DEPLOYED)
        .group_by(WorkflowRow.git_repository, WorkflowRow.git_credential_id)
        .subquery()
    )
    rows = select(WorkflowRow, groups.c.follows).join(groups, WorkflowRow.id == groups.c.id)
    found = session.execute(rows.order_by(WorkflowRow.id)).all()
    return [(row, bool(follow)) for row, follow in found]


def deployed(session: Session, alike: Iterable[WorkflowRow]) -> Sequence[WorkflowRow]:
    """The workflows that have the repository and the credential of one of these: those that were
    deployed by hand before."""
    same = [
        (WorkflowRow.git_repository == row.git_repository)
        & WorkflowRow.git_credential_id.is_not_distinct_from(row.git_credential_id)
        for row in alike
    ]
    return session.scalars(
        select(WorkflowRow).where(*_DEPLOYED, or_(*same)).order_by(WorkflowRow.id)
    ).all()


def lock(session: Session, workflow_ids: Iterable[str]) -> None:
    """Keep other writers away from these workflows until the commit; all lock in one order."""
    ids = select(WorkflowRow.id).where(WorkflowRow.id.in_(list(workflow_ids)))
    session.execute(ids.order_by(WorkflowRow.id).with_for_update()).all()


def watches(session: Session) -> dict[str, WatchRow]:
    return {row.key: row for row in session.scalars(select(WatchRow))}


def claim(session: Session, watch: WatchRow, until: datetime) -> bool:
    """Take the watch for one look, which begins now: a hint from now on is for the next one.
    False when another server has taken it."""
    claimed = session.scalar(
        update(WatchRow)
        .where(WatchRow.key == watch.key, WatchRow.due_at == watch.due_at)
        .values(due_at=until, looked_at=now())
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
