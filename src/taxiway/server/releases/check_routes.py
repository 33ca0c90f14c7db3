"""`/workflows/{id}/check`: what a deploy would be refused for, without deploying."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from taxiway.errors import Invalid, TaxiwayError, Unavailable
from taxiway.release.findings import Finding, errors_of, finding_of
from taxiway.release.packages import read_packages
from taxiway.server.database import Database
from taxiway.server.dependencies import DatabaseDep
from taxiway.server.releases.checking import Checked, check_sources
from taxiway.server.releases.dependencies import WorkshopsDep
from taxiway.server.releases.drafts import CheckDraft, rehearse
from taxiway.server.releases.prepare import Order, Workshop, take_commit
from taxiway.server.releases.service import order_for
from taxiway.server.releases.sources import NO_SOURCES, sources_of
from taxiway.server.workflows import service as workflows
from taxiway.server.workflows.queries import tasks_of

router = APIRouter(prefix="/api/v1/workflows/{workflow_id}", tags=["releases"])

WorkflowId = Annotated[str, Path(description="UUID of the workflow.")]


class CheckProblem(BaseModel):
    """One thing that stops a deploy, or may surprise after it."""

    severity: Literal["error", "warning"] = Field(description="Errors stop a deploy.")
    code: str = Field(description="Stable kebab-case code.", examples=["function-not-found"])
    task: str | None = Field(description="The task; null for what is not of one.")
    file: str | None = Field(description="The file of the repository.", examples=["src/train.py"])
    line: int | None = Field(description="The line of the file, or of the inline code.")
    pointer: str = Field(description="JSON pointer into what is declared, or nothing.")
    message: str = Field(description="What is wrong.")
    hint: str = Field(description="What to do, with the nearest match where there is one.")


class CheckResponse(BaseModel):
    """What the deploy check found."""

    ok: bool = Field(description="Whether a deploy would pass: there is no error.")
    commit: str | None = Field(description="The commit that was checked, as a deploy takes it.")
    problems: list[CheckProblem] = Field(description="All that was found, at once.")
    params_schemas: dict[str, dict[str, Any]] = Field(
        description="Of inline tasks, by name: JSON Schema (draft 2020-12) of the params that the "
        "function takes. Those of the repository's functions stand in its list of functions."
    )


@router.post("/check", operation_id="checkWorkflow", response_model=CheckResponse)
def check_workflow(
    workflow_id: WorkflowId,
    database: DatabaseDep,
    workshops: WorkshopsDep,
    body: CheckDraft | None = None,
) -> CheckResponse:
    """Prove what can be proven about the workflow as it stands, at the commit that a deploy would
    take, without running any of its code. Nothing is deployed.

    With a body the workflow is checked as it would stand if that was saved; nothing is saved.
    """
    if body is None:
        order = _order(database, workflow_id)
        return _answer(*_check(order, workshops.of(workflow_id, order.workflow.git_repository)))
    draft = rehearse(database, workflow_id, body)
    if draft.order is None:
        return _answer(None, Checked(tuple(draft.findings)))
    try:
        shop = workshops.for_draft(draft.order, draft.credential)
    except Invalid as error:  # an address that is none
        return _answer(None, Checked(tuple(finding_of(error))))
    return _answer(*_check(draft.order, shop))


def _answer(
    commit: str | None, checked: Checked, inline: Collection[str] = frozenset()
) -> CheckResponse:
    functions = checked.functions.items()
    return CheckResponse(
        ok=not errors_of(checked.findings),
        commit=commit,
        problems=[CheckProblem(**finding.as_dict()) for finding in checked.findings],
        params_schemas={task: dict(called.schema) for task, called in functions if task in inline},
    )


def _order(database: Database, workflow_id: str) -> Order:
    with database.reading() as session:
        row = workflows.get(session, workflow_id)
        return order_for(row, tasks_of(session, [workflow_id]).get(workflow_id, []))


def _check(order: Order, shop: Workshop) -> tuple[str | None, Checked, frozenset[str]]:
    """A commit that cannot be read is one finding; what needs none is checked all the same."""
    commit, sources, findings = None, NO_SOURCES, list[Finding]()
    try:
        taken = take_commit(order, shop)
        if taken is not None:
            commit, sources = taken.commit, sources_of(taken.made)
    except Unavailable:
        raise
    except TaxiwayError as error:
        findings = finding_of(error)
    packages = read_packages(order.workflow, sources.read, shop.packages, shop.cache)
    checked = check_sources(
        order.workflow, sources, cache=shop.cache, limits=shop.git.limits, packages=packages
    )
    inline = frozenset(task.name for task in order.workflow.tasks if task.python_callable)
    return commit, replace(checked, findings=(*findings, *checked.findings)), inline
