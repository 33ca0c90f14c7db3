"""Two releases of a workflow side by side."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from taxiway.errors import Conflict, TaxiwayError
from taxiway.git.between import commits_between
from taxiway.git.commits import CommitFacts
from taxiway.git.mirror import Mirror
from taxiway.git.objects import DamagedStore
from taxiway.git.url import RepositoryUrl
from taxiway.release.compare import Side, workflow_changes
from taxiway.release.model import Release
from taxiway.release.trigger import functions_from_json
from taxiway.server.database import Database, ReleaseRow, WorkflowRow
from taxiway.server.releases import queries
from taxiway.server.releases.changes import PackageChanges, WorkflowChange, compare_packages
from taxiway.server.releases.file_changes import file_changes
from taxiway.server.releases.prepare import Workshop
from taxiway.server.releases.records import release_of
from taxiway.server.releases.service import release_not_found
from taxiway.server.releases.workshops import Workshops
from taxiway.server.workflows import service as workflows
from taxiway.storage.store import Storage

MOST_COMMITS = 200
GONE = "What release {} was made of has been removed: its packages are not known."


class ComparedRelease(BaseModel):
    """One of the two."""

    number: int = Field(description="Its number.")
    is_current: bool = Field(description="Whether new runs execute it.")
    digest: str | None = Field(description="Its identity.")
    commit: str | None = Field(description="The full id of its commit.")
    commit_author: str | None = Field(description="Who wrote the commit.")
    commit_message: str | None = Field(description="The message of the commit.")
    committed_at: datetime | None = Field(description="When the commit was made.")
    python: str = Field(description="The Python that it runs on.")
    deployed_by: str | None = Field(description="Who deployed it.")
    message: str | None = Field(description="Why it was deployed.")
    created_at: datetime = Field(description="When the deploy was asked for.")


class CommitBetween(BaseModel):
    """A commit that only one of the two releases has in its history."""

    id: str = Field(description="Its full id.")
    author: str = Field(description="Who wrote it.")
    author_email: str = Field(description="The author's address.")
    authored_at: datetime = Field(description="When it was written.")
    committed_at: datetime = Field(description="When it was committed.")
    subject: str = Field(description="The first line of its message.")
    message: str = Field(description="Its message.")


class FileChange(BaseModel):
    """A file that differs, and that a task can reach by import."""

    path: str = Field(description="Its path, from the workflow's folder.")
    status: str = Field(description="`added`, `changed` or `removed`.")
    additions: int = Field(description="Lines that are new.")
    deletions: int = Field(description="Lines that are gone.")
    text: str | None = Field(description="The unified difference.")
    omitted: str | None = Field(
        description="Why there is no text: `binary`, `too-large`, `too-many`, `submodule`."
    )


class Comparison(BaseModel):
    """What `head` does otherwise than `base`."""

    base: ComparedRelease = Field(description="The release that is compared with.")
    head: ComparedRelease = Field(description="The release that is looked at.")
    identical: bool = Field(description="Whether both have the same digest: the same runs.")
    commits: list[CommitBetween] | None = Field(
        description="Commits that head has and base lacks, newest first, at most 200; null: not "
        "known."
    )
    commits_left: list[CommitBetween] | None = Field(
        description="Commits that base has and head lacks: after going back, or a force-push."
    )
    workflow: list[WorkflowChange] = Field(
        description="What is declared otherwise, and what functions take otherwise."
    )
    packages: PackageChanges = Field(description="Packages that differ.")
    files: list[FileChange] | None = Field(
        description="Files that differ and that tasks can reach by import; null: not known."
    )
    other_files: int | None = Field(description="How many other files differ.")
    notes: list[str] = Field(description="What could not be told, and why.")


def compare(
    database: Database,
    storage: Storage,
    workshops: Workshops,
    workflow_id: str,
    base: int | None,
    head: int | None,
) -> Comparison:
    """Without numbers: the current release, and the one before it. `NotFound`
    (`release-not-found`); `Conflict` (`release-not-sealed`)."""
    with database.reading() as session:
        workflow = workflows.get(session, workflow_id)
        new = _row(session, workflow, head)
        old = _row(session, workflow, base, before=new)
    before, after = _sealed(old), _sealed(new)
    notes = [GONE.format(row.number) for row in (old, new) if row.removed_at]
    mirror = _mirror(before, after, workshops, workflow_id, notes)
    commits, left = _commits(mirror, before, after, notes)
    files, others = _files(mirror, before, after, notes)
    sides = (
        Side(release.workflow, functions_from_json(row.functions))
        for release, row in ((before, old), (after, new))
    )
    return Comparison(
        base=_shown(old, before, workflow),
        head=_shown(new, after, workflow),
        identical=old.digest == new.digest,
        commits=commits,
        commits_left=left,
        workflow=[WorkflowChange(**asdict(change)) for change in workflow_changes(*sides)],
        packages=compare_packages(before, after, storage),
        files=files,
        other_files=others,
        notes=notes,
    )


def _row(
    session: Session, workflow: WorkflowRow, number: int | None, before: ReleaseRow | None = None
) -> ReleaseRow:
    row: ReleaseRow | None
    if number is not None:
        row = queries.with_functions(session, workflow.id, number)
        if row is None:
            raise release_not_found(workflow.id, number)
        return row
    if before is not None:
        row = queries.last_sealed(session, workflow.id, before.number)
        return row or before  # the first release is compared with itself
    current = session.get(ReleaseRow, workflow.current_release_id or "")
    row = queries.with_functions(session, workflow.id, current.number) if current else None
    if row is None:
        raise Conflict(
            "workflow-not-deployed",
            f"{workflow.name} has not been deployed, so there is nothing to compare",
            hint=f"POST /api/v1/workflows/{workflow.id}/deploy first.",
        )
    return row


def _sealed(row: ReleaseRow) -> Release:
    release = release_of(row)
    if release is None:
        raise Conflict(
            "release-not-sealed",
            f"Release {row.number} was never sealed: it is {row.state}",
            hint="Compare releases that were ready once.",
        )
    return release


def _shown(row: ReleaseRow, release: Release, workflow: WorkflowRow) -> ComparedRelease:
    return ComparedRelease(
        number=row.number,
        is_current=row.id == workflow.current_release_id,
        digest=row.digest,
        commit=row.commit,
        commit_author=row.commit_author,
        commit_message=row.commit_message,
        committed_at=row.committed_at,
        python=release.python,
        deployed_by=row.deployed_by,
        message=row.message,
        created_at=row.created_at,
    )


def _mirror(
    before: Release, after: Release, workshops: Workshops, workflow_id: str, notes: list[str]
) -> Mirror | None:
    """The repository that both are from."""
    old, new = before.workflow, after.workflow
    if old.git_repository != new.git_repository or old.git_subdirectory != new.git_subdirectory:
        notes.append("The releases are from different repositories or folders: files and commits "
                     "are not compared.")  # fmt: skip
        return None
    if new.git_repository is None:
        return None
    shop: Workshop = workshops.of(workflow_id, new.git_repository)
    return Mirror(shop.cache, RepositoryUrl.parse(new.git_repository), shop.git)


def _commits(
    mirror: Mirror | None, before: Release, after: Release, notes: list[str]
) -> tuple[list[CommitBetween] | None, list[CommitBetween] | None]:
    base, head = before.commit, after.commit
    if base == head:
        return [], []
    if mirror is None or base is None or head is None:
        return None, None
    try:
        found = commits_between(mirror, base, head, after.workflow.git_branch, MOST_COMMITS)
    except (TaxiwayError, DamagedStore, KeyError) as error:
        reason = error.message if isinstance(error, TaxiwayError) else "one is in no known history"
        notes.append(f"The commits between are not known: {reason}.")
        return None, None
    only_head, only_base = (list(map(_commit, commits)) for commits in found)
    return only_head, only_base


def _commit(facts: CommitFacts) -> CommitBetween:
    values = {name: getattr(facts, name) for name in CommitBetween.model_fields}
    return CommitBetween(**values)


def _files(
    mirror: Mirror | None, before: Release, after: Release, notes: list[str]
) -> tuple[list[FileChange] | None, int | None]:
    if before.tree == after.tree:
        return [], 0
    if mirror is None or before.commit is None or after.commit is None:
        return None, None
    try:
        found = file_changes(before, after, mirror)
    except (TaxiwayError, DamagedStore) as error:
        reason = error.message if isinstance(error, TaxiwayError) else "the mirror is damaged"
        notes.append(f"The files are not compared: {reason}.")
        return None, None
    return [FileChange(**asdict(change)) for change in found.files], found.others
