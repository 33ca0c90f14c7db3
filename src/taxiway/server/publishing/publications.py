"""Queries: the generations, and what each says of a workflow."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from taxiway.release.render import Dag
from taxiway.server.database import (
    GenerationRow,
    PublicationRow,
    ReleaseRow,
    RunRow,
    WorkflowRow,
    now,
)
from taxiway.server.orchestrator.port import ACTIVE
from taxiway.storage.bundles import Entry, shard_of

_LOCK = 0x67656E65726174  # any number: generations are given out one transaction at a time
_TAKEN_OUT = {
    "kind": "Conflict",
    "code": "workflow-deleted",
    "message": "The workflow was taken out of Airflow before the release had arrived there",
    "hint": "",
}


def lock_workflow(session: Session, workflow_id: str) -> WorkflowRow:
    """The workflow as it is now, and kept so until the commit. Taken before `record`, always."""
    return session.get_one(WorkflowRow, workflow_id, with_for_update=True, populate_existing=True)


def record(
    session: Session,
    workflow: WorkflowRow,
    release: ReleaseRow | None,
    dag: Dag | None,
    *,
    above: int = 0,
) -> PublicationRow:
    """Decide, in this transaction, that the next generation shows `dag` for the workflow.

    Without a release and a DAG the workflow is taken out. `above` is a generation known to be in
    the storage: the new one is higher, also when the database is older than the storage.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    highest = session.scalar(select(func.max(GenerationRow.number))) or 0
    generation = max(highest, above) + 1
    session.add(GenerationRow(number=generation))
    session.flush()
    row = PublicationRow(
        generation=generation,
        workflow_id=workflow.id,
        dag_id=workflow.dag_id,
        shard=shard_of(workflow.dag_id),
        release_id=release.id if release else None,
        release_digest=release.digest if release else None,
        dag_digest=dag.digest if dag else None,
        tag=dag.tag if dag else None,
    )
    session.add(row)
    session.flush()
    return row


def latest(session: Session, workflow_id: str) -> PublicationRow | None:
    """What the newest generation that names the workflow says of it."""
    return session.scalar(
        select(PublicationRow)
        .where(PublicationRow.workflow_id == workflow_id)
        .order_by(PublicationRow.generation.desc())
        .limit(1)
    )


def generations_above(session: Session, generation: int) -> list[int]:
    query = select(GenerationRow.number).where(GenerationRow.number > generation)
    return list(session.scalars(query.order_by(GenerationRow.number)))


def shards_of_generation(session: Session, generation: int) -> dict[str, dict[str, Entry]]:
    """The shards that a generation changes, each whole as it stands at that generation."""
    changed = select(PublicationRow.shard).where(PublicationRow.generation == generation)
    latest = (
        select(PublicationRow.dag_id, func.max(PublicationRow.generation).label("generation"))
        .where(PublicationRow.shard.in_(changed), PublicationRow.generation <= generation)
        .group_by(PublicationRow.dag_id)
        .subquery()
    )
    rows = session.execute(
        select(PublicationRow, ReleaseRow.number)
        .join(
            latest,
            (PublicationRow.dag_id == latest.c.dag_id)
            & (PublicationRow.generation == latest.c.generation),
        )
        .outerjoin(ReleaseRow, ReleaseRow.id == PublicationRow.release_id)
    )
    shards: dict[str, dict[str, Entry]] = {shard: {} for shard in session.scalars(changed)}
    for row, number in rows:
        if row.dag_digest and row.release_digest:
            shards[row.shard][row.dag_id] = Entry(row.dag_digest, row.release_digest, number)
    return shards


def unconfirmed(session: Session) -> list[PublicationRow]:
    """The newest publication of each workflow whose arrival in Airflow is not proven yet."""
    open_workflows = select(PublicationRow.workflow_id).where(PublicationRow.confirmed_at.is_(None))
    newest = (
        select(PublicationRow.workflow_id, func.max(PublicationRow.generation).label("generation"))
        .where(PublicationRow.workflow_id.in_(open_workflows))
        .group_by(PublicationRow.workflow_id)
        .subquery()
    )
    query = select(PublicationRow).join(
        newest,
        (PublicationRow.workflow_id == newest.c.workflow_id)
        & (PublicationRow.generation == newest.c.generation),
    )
    return list(session.scalars(query.where(PublicationRow.confirmed_at.is_(None))))


def confirm(session: Session, publication: PublicationRow) -> None:
    """Airflow shows it: it and its predecessors are settled, and their releases are ready.

    An identical release shares the publication of the one before it, so they are found by number
    and not by the publication's own release; and with the workflow locked, or one that is being
    published at this moment would be missed.
    """
    lock_workflow(session, publication.workflow_id)
    moment = now()
    session.execute(
        update(PublicationRow)
        .where(
            PublicationRow.workflow_id == publication.workflow_id,
            PublicationRow.generation <= publication.generation,
            PublicationRow.confirmed_at.is_(None),
        )
        .values(confirmed_at=moment)
    )
    if publication.release_id is None:
        values: dict[str, object] = {"state": "failed", "error": _TAKEN_OUT}
    else:
        values = {"state": "ready", "ready_at": moment}
    session.execute(
        update(ReleaseRow)
        .where(
            ReleaseRow.workflow_id == publication.workflow_id,
            ReleaseRow.state == "publishing",
            ReleaseRow.generation <= publication.generation,
        )
        .values(values)
    )


def retiring(session: Session) -> list[WorkflowRow]:
    """Workflows that were deleted and that Airflow may still know."""
    query = select(WorkflowRow).where(
        WorkflowRow.deleted_at.is_not(None), WorkflowRow.retired_at.is_(None)
    )
    return list(session.scalars(query))


def active_runs(session: Session, workflow_id: str) -> Sequence[RunRow]:
    """Runs of the workflow that have not ended, by our record."""
    query = select(RunRow).where(RunRow.workflow_id == workflow_id, RunRow.state.in_(ACTIVE))
    return session.scalars(query).all()


def release_at(session: Session, workflow_id: str, generation: int) -> str | None:
    """The id of the release that a run of this generation executes."""
    return session.scalar(
        select(PublicationRow.release_id)
        .where(PublicationRow.workflow_id == workflow_id, PublicationRow.generation <= generation)
        .order_by(PublicationRow.generation.desc())
        .limit(1)
    )
