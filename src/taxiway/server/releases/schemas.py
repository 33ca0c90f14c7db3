"""What the API says of releases."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from taxiway.release.model import release_line
from taxiway.server.database import ReleaseRow, now
from taxiway.server.releases.changes import ReleaseChanges


class ReleaseEnvironment(BaseModel):
    """The environment of some tasks, and where it was declared."""

    source: str | None = Field(
        description="The file of the repository, or `requirements`: the field of the workflow; "
        "null: no packages.",
        examples=["requirements.txt"],
    )
    groups: list[str] = Field(description="The groups that were chosen from it.")
    python: str = Field(description="The Python.", examples=["3.11"])
    python_full: str = Field(description="With its patch level on the server.")
    python_source: str | None = Field(description="The file that asks for it; null: the server's.")
    tasks: list[str] = Field(description="The tasks that run in it.")
    lock: str = Field(description="The key of its lock.")
    packages: int = Field(description="How many packages it has.")
    resolved: bool = Field(description="Whether this deploy resolved it anew.")


class ReleaseResponse(BaseModel):
    """A workflow sealed at one commit, or on its way to be."""

    id: str = Field(description="UUID of the release.")
    workflow_id: str = Field(description="The workflow that it is a release of.")
    number: int = Field(description="Counts up in the workflow, from 1.", examples=[1])
    state: Literal["preparing", "publishing", "ready", "failed"] = Field(
        description="`preparing` until it is sealed, `publishing` until Airflow shows it, then "
        "`ready`; `failed` with an `error`."
    )
    is_current: bool = Field(description="Whether new runs of the workflow execute it.")
    git_repository: str | None = Field(description="The repository that the commit is from.")
    git_branch: str | None = Field(description="The branch that the commit is from.")
    git_commit_sha: str | None = Field(description="The full id of the commit that it executes.")
    ref: str | None = Field(
        description="The full name of the branch or tag that led to the commit, such as "
        "`refs/heads/main`; null for a commit that was taken from none."
    )
    commit: str | None = Field(description="The same as `git_commit_sha`.")
    commit_author: str | None = Field(
        description="Who wrote the commit.", examples=["Ada <ada@example.com>"]
    )
    commit_message: str | None = Field(description="The message of the commit.")
    committed_at: datetime | None = Field(description="When the commit was made.")
    commit_age: int | None = Field(description="How many seconds ago that is, by now.")
    changes: ReleaseChanges | None = Field(
        description="What it changed since the release before it; null for the first one."
    )
    tree: str | None = Field(description="The id of the commit's tree: the address of its files.")
    digest: str | None = Field(description="sha256 of the sealed release: its identity.")
    lock: str | None = Field(description="The key of its environment: packages, Python, platform.")
    python: str | None = Field(description="The Python that it runs on.", examples=["3.11"])
    environments: list[ReleaseEnvironment] = Field(
        description="What its packages and its Python were declared by; one for most workflows."
    )
    line: str | None = Field(
        description="What exactly runs, in one line: number, digest, commit, lock, Python."
    )
    dag_id: str = Field(description="The workflow's DAG in Airflow.")
    generation: int | None = Field(description="The generation that it was published in.")
    message: str | None = Field(description="Why it was deployed, as the deploy said.")
    deployed_by: str | None = Field(description="Who deployed it.")
    cause: Literal["deploy", "push"] = Field(description="What made it: a request, or a push.")
    unchanged: bool = Field(
        description="What runs is what the release before it ran: nothing was published anew."
    )
    waits_for: str | None = Field(
        description="Where it stands on its way, such as `published, not yet seen by Airflow`."
    )
    held: str | None = Field(
        description="`held at release n by … since …`, while a rollback holds the workflow."
    )
    removed_at: datetime | None = Field(
        description="When its files were removed; it can neither run nor be rolled back to."
    )
    notes: list[str] = Field(description="What a person should know, such as ignored lines.")
    error: dict[str, Any] | None = Field(description="Why it failed: code, message, hint.")
    created_at: datetime = Field(description="When the deploy was asked for.")
    ready_at: datetime | None = Field(description="When Airflow was seen to show it.")


def _age(moment: datetime | None) -> int | None:
    return max(0, int((now() - moment).total_seconds())) if moment else None


def line_of(row: ReleaseRow) -> str | None:
    """The line that task logs begin with; None before it is sealed."""
    if row.digest is None or row.lock is None:
        return None
    return release_line(row.number, row.digest, row.commit, row.lock, row.python or "")


WAITS = {
    "preparing": "resolving the commit, locking the packages, sealing",
    "publishing": "published, not yet seen by Airflow",
}


def release_response(
    row: ReleaseRow, dag_id: str, current_id: str | None, held: str | None = None
) -> ReleaseResponse:
    return ReleaseResponse(
        id=row.id,
        workflow_id=row.workflow_id,
        number=row.number,
        state=row.state,
        is_current=row.id == current_id,
        git_repository=row.git_repository,
        git_branch=row.git_branch,
        git_commit_sha=row.commit,
        ref=row.ref,
        commit=row.commit,
        commit_author=row.commit_author,
        commit_message=row.commit_message,
        committed_at=row.committed_at,
        commit_age=_age(row.committed_at),
        changes=ReleaseChanges(**row.changes) if row.changes else None,
        tree=row.tree,
        digest=row.digest,
        lock=row.lock,
        python=row.python,
        environments=[ReleaseEnvironment(**one) for one in row.environments or ()],
        line=line_of(row),
        dag_id=dag_id,
        generation=row.generation,
        message=row.message,
        deployed_by=row.deployed_by,
        cause="push" if row.cause == "push" else "deploy",
        unchanged=row.unchanged,
        waits_for=WAITS.get(row.state),
        held=held,
        removed_at=row.removed_at,
        notes=[str(note) for note in row.notes],
        error=row.error,
        created_at=row.created_at,
        ready_at=row.ready_at,
    )
