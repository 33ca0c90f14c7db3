"""What can be done with workflows: the rules, without SQL and without HTTP."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from taxiway.errors import Conflict, NotFound
from taxiway.server.audit import edits
from taxiway.server.caller import current_caller
from taxiway.server.database import (
    TaskRow,
    WorkflowRow,
    after_commit,
    integrity_conflict,
    now,
)
from taxiway.server.fields import check_read_only
from taxiway.server.hooks import Publisher, Retirer
from taxiway.server.paging import Page
from taxiway.server.releases.heads import behind_of
from taxiway.server.repositories.service import register_workflow
from taxiway.server.versions import Version
from taxiway.server.workflows import queries
from taxiway.server.workflows.commits import choose_commit
from taxiway.server.workflows.listing import WorkflowQuery
from taxiway.server.workflows.logins import FIELDS as LOGIN_FIELDS
from taxiway.server.workflows.logins import choose_login
from taxiway.server.workflows.schemas import WorkflowCreate, WorkflowResponse, WorkflowUpdate
from taxiway.server.workflows.standing import hold_of, push_of
from taxiway.server.workflows.values import next_run, undeployed_changes
from taxiway.server.workflows.versions import GRAPH, workflow_version
from taxiway.workflow.names import dag_id_of

_READ_ONLY = {
    "id",
    "dag_id",
    "held",
    "hold",
    "push",
    "current_release",
    "undeployed_changes",
    "last_run",
    "recent_runs",
    "next_run",
    "behind",
    "notes",
    "created_at",
    "updated_at",
}
_COMPUTED = _READ_ONLY - {"id", "dag_id", "held", "created_at", "updated_at"}
_COLUMNS = tuple(name for name in WorkflowResponse.model_fields if name not in _COMPUTED)
_SCHEDULE = ("schedule", "timezone")


def get(session: Session, workflow_id: str, *, lock: bool = False) -> WorkflowRow:
    """The workflow; `NotFound` (`workflow-not-found`) also when it is deleted."""
    row = queries.find(session, workflow_id, lock=lock)
    if row is None:
        raise NotFound(
            "workflow-not-found",
            f"There is no workflow {workflow_id[:100]}",
            hint="GET /api/v1/workflows lists them.",
        )
    return row


def create(session: Session, given: WorkflowCreate) -> WorkflowRow:
    dag_id = dag_id_of(given.name)
    taken = Conflict(
        "workflow-name-taken",
        f"There is a workflow with the DAG id {dag_id} already",
        hint="Choose another name, or change the workflow that is there.",
        dag_id=dag_id,
    )
    holder = queries.find_by_dag_id(session, dag_id)
    if holder is not None and holder.deleted_at is not None:
        raise Conflict(
            "workflow-being-removed",
            f"A deleted workflow with the DAG id {dag_id} is still being taken out of Airflow",
            hint="That takes seconds where Airflow runs; then try again, or choose another name.",
            dag_id=dag_id,
        )
    if holder is not None:
        raise taken
    values = given.model_dump(exclude={"git_commit_sha", "git_update_policy"})
    stored = {"git_repository": None, "git_auth_type": "none", "git_credential_id": None}
    told = given.model_dump(include=given.model_fields_set)
    values |= choose_login(session, told, stored, is_new=True).values
    row = WorkflowRow(**values, dag_id=dag_id, schedule_from=now() if given.schedule else None)
    row.git_commit_sha, row.git_update_policy = choose_commit(
        told,
        stored_commit=None,
        stored_policy="on_deploy",
    )
    mark_edited(row)
    session.add(row)
    with integrity_conflict(session, taken):
        pass
    edits.created(session, row)
    register_workflow(session, row.git_repository, row.git_credential_id)
    return row


def update(
    session: Session,
    workflow_id: str,
    given: WorkflowUpdate,
    publisher: Publisher,
    if_match: str | None = None,
) -> tuple[WorkflowRow, tuple[str, ...]]:
    """Change what is given. `is_active` acts at once, all else at the next deploy. The notes say
    what was changed besides."""
    row = get(session, workflow_id, lock=True)
    if if_match is not None:
        current = version(session, row)
        current.require(if_match, current.fields.keys() - {GRAPH})
    check_read_only("workflow", row, given, ("id", "dag_id"))
    values = given.model_dump(include=given.model_fields_set - _READ_ONLY)
    commit, policy = choose_commit(
        values, stored_commit=row.git_commit_sha, stored_policy=row.git_update_policy
    )
    values |= {"git_commit_sha": commit, "git_update_policy": policy}
    stored = {name: getattr(row, name) for name in LOGIN_FIELDS}
    login = choose_login(session, values, stored, is_new=False)
    values |= login.values
    changed = {name for name, value in values.items() if getattr(row, name) != value}
    for name in changed:
        setattr(row, name, values[name])
    resumed = "is_active" in changed and row.is_active
    if resumed or changed.intersection(_SCHEDULE):
        row.schedule_from = now()
    if changed:
        mark_edited(row)
        edits.changed(session, row)
        session.flush()
    if changed & {"git_repository", "git_credential_id"}:
        register_workflow(session, row.git_repository, row.git_credential_id)
    if "is_active" in changed:
        publisher.activity_changed(session, row)
    return row, login.notes


def mark_edited(row: WorkflowRow | TaskRow) -> None:
    row.edited_at, row.edited_by = now(), current_caller()


def delete(
    session: Session,
    workflow_id: str,
    retirer: Retirer,
    *,
    cancel: bool,
    if_match: str | None = None,
) -> None:
    """Hide the workflow, and take it out of Airflow; its runs and releases are kept.

    `Conflict` (`workflow-has-runs`) while runs are in progress, unless `cancel`.
    """
    row = get(session, workflow_id, lock=True)
    if if_match is not None:
        version(session, row).require(if_match)
    runs = [] if cancel else queries.runs_in_progress(session, workflow_id)
    if runs:
        names = [run.id for run in runs]
        raise Conflict(
            "workflow-has-runs",
            f"{row.name} has runs in progress: {', '.join(names)}",
            hint="Wait for them, or repeat the call with ?cancel=true to cancel them first.",
            runs=names,
        )
    edits.deleted(session, row)
    row.deleted_at = now()
    session.flush()
    after_commit(session, lambda: retirer.retire(row, cancel=cancel))


def respond(session: Session, row: WorkflowRow) -> WorkflowResponse:
    return _responses(session, [row])[0]


def version(session: Session, row: WorkflowRow) -> Version:
    """The version of the workflow, with its tasks."""
    tasks = queries.tasks_of(session, [row.id]).get(row.id, [])
    return workflow_version(row, tasks, respond(session, row))


def list_page(session: Session, asked: WorkflowQuery) -> Page[WorkflowResponse]:
    found = queries.page(session, asked)
    return Page(
        items=_responses(session, found.rows),
        next_cursor=found.next_cursor,
        total=found.total,
    )


def _responses(session: Session, rows: list[WorkflowRow]) -> list[WorkflowResponse]:
    """Most workflows are deployed as they are declared: then their tasks need not be read."""
    ids = [row.id for row in rows]
    deployed = queries.deployed(session, ids)
    edited = [row.id for row in rows if row.id not in deployed or deployed[row.id].sealed]
    tasks = queries.tasks_of(session, edited)
    runs = queries.recent_runs(session, ids)
    return [
        _response(row, deployed.get(row.id), tasks.get(row.id, []), runs.get(row.id, []))
        for row in rows
    ]


def _response(
    row: WorkflowRow,
    deployed: queries.Deployed | None,
    tasks: list[TaskRow],
    runs: list[dict[str, Any]],
) -> WorkflowResponse:
    current = deployed.release if deployed else None
    sealed = deployed.sealed if deployed else None
    # What is loaded lies in the row's own dictionary: a page has thousands of fields, and each
    # costs a call where it is asked for as an attribute.
    loaded = vars(row)
    values: dict[str, Any] = {
        name: loaded[name] if name in loaded else getattr(row, name) for name in _COLUMNS
    }
    return WorkflowResponse(
        **values,
        undeployed_changes=undeployed_changes(row, tasks, current, sealed),
        next_run=next_run(row, current, sealed, now()),
        behind=behind_of(row, current, deployed.head if deployed else None),
        hold=hold_of(row, current),
        push=push_of(row, current),
        current_release=current.number if current else None,
        last_run=runs[0] if runs else None,
        recent_runs=runs,
    )
