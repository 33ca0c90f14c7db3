"""What stands between a workflow and its next deploy: a hold, or a push that was not deployed."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from taxiway.server.database import ReleaseRow, WorkflowRow
from taxiway.server.releases.holds import held_text

UNCHANGED = "tree-unchanged"  # stands where an error would; no fault, and no reason to try again


class Hold(BaseModel):
    """A rollback holds the workflow: nothing deploys until somebody resumes it."""

    text: str = Field(description="`held at release n by … since …`: for pages.")
    release: int | None = Field(description="The number of the release that it is held at.")
    by: str | None = Field(description="Who rolled back.")
    since: datetime | None = Field(description="When.")
    reason: str | None = Field(description="Why: the rollback's `message`.")
    abandoned_release: int | None = Field(description="The release that was left.")
    pushed_commit: str | None = Field(
        description="The newest commit that was pushed meanwhile and not deployed, where pushes are"
        " followed."
    )


class Push(BaseModel):
    """The newest push that was seen, of a workflow that follows its branch."""

    commit: str = Field(description="The commit at the branch's head then.")
    seen_at: datetime | None = Field(description="When it was seen.")
    state: Literal["deployed", "deploying", "held", "failed", "unchanged"] = Field(
        description="What became of it; `unchanged`: none of the workflow's files differ."
    )
    error: dict[str, Any] | None = Field(
        description="Why it was not deployed: code, message, hint, release. The release before it"
        " goes on running."
    )


class LastRun(BaseModel):
    """The newest run of a workflow."""

    id: str = Field(description="UUID of the run.")
    state: str = Field(description="`queued`, `running`, `success`, `failed` or `canceled`.")
    started_at: datetime | None = Field(description="When Airflow began it.")
    ended_at: datetime | None = Field(description="When it ended.")


class RecentRun(LastRun):
    """One of the newest runs."""

    created_at: datetime = Field(description="When it was asked for.")


def hold_of(row: WorkflowRow, current: ReleaseRow | None) -> Hold | None:
    number = current.number if current else None
    text = held_text(row, number)
    if text is None:
        return None
    missed = row.pushed_commit if current and row.pushed_commit != current.commit else None
    return Hold(
        text=text,
        release=number,
        by=row.held_by,
        since=row.held_at,
        reason=row.held_reason,
        abandoned_release=row.held_from,
        pushed_commit=missed,
    )


def push_of(row: WorkflowRow, current: ReleaseRow | None) -> Push | None:
    if row.git_update_policy != "on_push" or row.pushed_commit is None:
        return None
    state: Literal["deployed", "deploying", "held", "failed", "unchanged"] = "deploying"
    if row.push_error is not None:
        state = "unchanged" if row.push_error.get("code") == UNCHANGED else "failed"
    elif current is not None and current.commit == row.pushed_commit:
        state = "deployed"
    elif row.held:
        state = "held"
    error = row.push_error if state == "failed" else None
    return Push(commit=row.pushed_commit, seen_at=row.pushed_at, state=state, error=error)
