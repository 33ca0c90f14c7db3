"""Drafts: what somebody is about to save, carried out as an edit that never happens.

So a draft is refused for what its saving would be refused for, by the same code.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.orm import Session

from taxiway.errors import Conflict, Denied, Invalid, NotFound
from taxiway.release.findings import Finding, finding_of, from_problem
from taxiway.server.database import Database, WorkflowRow
from taxiway.server.hooks import NoPublisher
from taxiway.server.problems import problem_of
from taxiway.server.releases.prepare import Order
from taxiway.server.releases.service import order_for
from taxiway.server.tasks.graph_schemas import GraphTask
from taxiway.server.tasks.replace import replace_tasks
from taxiway.server.workflows import service as workflows
from taxiway.server.workflows.queries import tasks_of
from taxiway.server.workflows.schemas import Commit, WorkflowUpdate

REFUSED = (Conflict, Denied, Invalid, NotFound)


class CheckDraft(BaseModel):
    """What would be saved. It is checked, and nothing of it is kept."""

    model_config = ConfigDict(extra="forbid", strict=True)

    workflow: dict[str, Any] | None = Field(
        None,
        description="Fields of the workflow that differ from what is saved, as "
        "`PATCH /workflows/{id}` takes them; one that it would refuse is among the problems.",
    )
    tasks: list[dict[str, Any]] | None = Field(
        None,
        max_length=5000,
        description="All tasks, as `PUT /workflows/{id}/tasks` takes them; what it would refuse is "
        "among the problems.",
        examples=[
            [{"name": "train_model", "script_path": "src/train.py", "function_name": "train_model"}]
        ],
    )
    commit: Commit = Field(
        None,
        description="Check at this commit, which an earlier check took: the Git host is not asked "
        "what the branch names now.",
    )


@dataclass(frozen=True)
class Draft:
    """What a deploy would seal after that edit; `findings` say why it cannot be made at all."""

    order: Order | None
    credential: str | None = None
    findings: Sequence[Finding] = ()


def rehearse(database: Database, workflow_id: str, given: CheckDraft) -> Draft:
    """`NotFound` (`workflow-not-found`); what is wrong with the draft is among its findings."""
    fields, tasks, unread = _read(given)
    with database.rehearsing() as session:
        row = workflows.get(session, workflow_id, lock=True)
        found = unread
        try:
            if fields is not None:
                workflows.update(session, workflow_id, fields, NoPublisher())
        except REFUSED as error:
            found = [*found, *finding_of(error)]
        try:
            if tasks is not None:
                replace_tasks(session, workflow_id, tasks)
        except REFUSED as error:
            found = [*found, *(_named(finding, tasks or ()) for finding in finding_of(error))]
        if found:
            return Draft(None, findings=found)
        return Draft(_order(session, row, given.commit), row.git_credential_id)


def _read(
    given: CheckDraft,
) -> tuple[WorkflowUpdate | None, list[GraphTask] | None, list[Finding]]:
    """What was given as the calls that save it would read it, and what they would not."""
    found: list[Finding] = []
    fields: WorkflowUpdate | None = None
    try:
        if given.workflow is not None:
            fields = WorkflowUpdate.model_validate(given.workflow)
    except ValidationError as error:
        found += _unread(error, ())
    tasks: list[GraphTask] = []
    for number, task in enumerate(given.tasks or ()):
        try:
            tasks.append(GraphTask.model_validate(task))
        except ValidationError as error:
            found += _unread(error, ("tasks", str(task.get("name") or number)))
    complete = given.tasks is not None and len(tasks) == len(given.tasks)
    return fields, tasks if complete else None, found


def _unread(error: ValidationError, place: tuple[str, ...]) -> Iterator[Finding]:
    for entry in error.errors():
        yield from_problem(problem_of({**entry, "loc": ("draft", *place, *entry["loc"])}))


def _order(session: Session, row: WorkflowRow, commit: str | None) -> Order:
    order = order_for(row, tasks_of(session, [row.id]).get(row.id, []))
    return replace(order, head=commit) if commit and row.git_repository else order


def _named(finding: Finding, tasks: Sequence[GraphTask]) -> Finding:
    """Of the list that was given it tells the place; a person looks for the task."""
    number, _, rest = finding.pointer.removeprefix("/").partition("/")
    if not number.isdigit() or int(number) >= len(tasks):
        return finding
    name = tasks[int(number)].name
    return replace(finding, task=name, pointer=f"/tasks/{name}/{rest}".rstrip("/"))
