"""What was last seen at the branch of a workflow: by a deploy, by a look, by nobody yet.

Pages read it from the database: no request to the API goes to a Git host for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from taxiway.server.database import HeadRow, ReleaseRow, WorkflowRow, now


class Behind(BaseModel):
    """The branch as it was last seen, and how far the current release is behind it."""

    branch: str = Field(description="The branch that was looked at.")
    head: str = Field(description="The commit that it named then.")
    is_behind: bool = Field(description="Whether the current release is of another commit.")
    commits: int | None = Field(
        description="How many commits the branch has that the current release lacks; null where "
        "they are not counted."
    )
    checked_at: datetime = Field(description="When it was looked at.")


def note(
    session: Session, workflow: WorkflowRow, head: str, base: str | None, behind: int | None
) -> None:
    """The branch of the workflow names `head` now."""
    session.merge(
        HeadRow(
            workflow_id=workflow.id,
            git_repository=workflow.git_repository or "",
            branch=workflow.git_branch,
            commit=head,
            base=base,
            behind=behind,
            seen_at=now(),
        )
    )


def taken(session: Session, workflow: WorkflowRow, release: ReleaseRow) -> None:
    """A deploy has taken the head of the branch: nobody need look at it for that."""
    from_branch = release.ref == f"refs/heads/{workflow.git_branch}"
    same = release.git_repository == workflow.git_repository
    if release.commit and from_branch and same:
        note(session, workflow, release.commit, release.commit, 0)


def heads_of(session: Session, workflow_ids: Iterable[str]) -> dict[str, HeadRow]:
    wanted = list(workflow_ids)
    statement = select(HeadRow).where(HeadRow.workflow_id.in_(wanted))
    return {row.workflow_id: row for row in session.scalars(statement)} if wanted else {}


def behind_of(
    workflow: WorkflowRow, current: ReleaseRow | None, seen: HeadRow | None
) -> Behind | None:
    """None before the first deploy, without a repository, and where nobody looked yet."""
    if current is None or current.commit is None or seen is None:
        return None
    if (seen.git_repository, seen.branch) != (workflow.git_repository, workflow.git_branch):
        return None
    is_behind = seen.commit != current.commit
    counted = seen.behind if seen.base == current.commit else None
    return Behind(
        branch=seen.branch,
        head=seen.commit,
        is_behind=is_behind,
        commits=counted if is_behind else 0,
        checked_at=seen.seen_at,
    )


def lagging() -> ColumnElement[bool]:
    """For a query of workflows: those whose branch was seen at another commit than they run."""
    return exists(
        select(HeadRow.workflow_id)
        .join(ReleaseRow, ReleaseRow.id == WorkflowRow.current_release_id)
        .where(
            HeadRow.workflow_id == WorkflowRow.id,
            HeadRow.git_repository == WorkflowRow.git_repository,
            HeadRow.branch == WorkflowRow.git_branch,
            HeadRow.commit != ReleaseRow.commit,
        )
        .correlate(WorkflowRow)
    )
