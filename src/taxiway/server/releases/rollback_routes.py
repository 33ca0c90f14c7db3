"""`/workflows/{id}/rollback` and `/workflows/{id}/resume`."""

from __future__ import annotations

from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field

from taxiway.server.database import Database, ReleaseRow
from taxiway.server.dependencies import DatabaseDep, Writing
from taxiway.server.releases import holds
from taxiway.server.releases.dependencies import DeployerDep
from taxiway.server.releases.differences import Differences
from taxiway.server.releases.holds import held_text
from taxiway.server.releases.orders import RollbackOrder
from taxiway.server.releases.records import release_of
from taxiway.server.releases.rollback import Plan, Rollback
from taxiway.server.releases.schemas import ReleaseResponse, release_response
from taxiway.server.runs.schemas import RunResponse, run_response
from taxiway.server.workflows import service as workflows
from taxiway.server.workflows.schemas import WorkflowResponse
from taxiway.server.workflows.standing import Hold, hold_of

router = APIRouter(prefix="/api/v1/workflows/{workflow_id}", tags=["releases"])

WorkflowId = Annotated[str, Path(description="UUID of the workflow.")]
DryRun = Annotated[bool, Query(description="Only say what it would change.")]
Wait = Annotated[float, Query(ge=0, le=600, description="Seconds to wait until Airflow shows it.")]


class RollbackResponse(BaseModel):
    """What a rollback has changed, or would change."""

    dry_run: bool = Field(description="Whether nothing was changed.")
    text: str = Field(description="What it does, in a sentence.")
    from_release: int | None = Field(description="The release that was current.")
    release: ReleaseResponse = Field(description="The release that is current instead.")
    changes: Differences = Field(description="What runs otherwise.")
    hold: Hold | None = Field(description="The hold that it begins; null for a dry run.")
    runs: list[RunResponse] = Field(
        description="Runs that the abandoned release made, newest first, at most 100. `POST "
        "/workflows/{id}/reruns` with their ids runs them again on the current release."
    )
    runs_total: int = Field(description="How many runs it made.")


def get_rollback(request: Request) -> Rollback:
    rollback: Rollback = request.app.state.machinery.rollback
    return rollback


@router.post("/rollback", operation_id="rollBackWorkflow", response_model=RollbackResponse)
async def roll_back(
    workflow_id: WorkflowId,
    request: Request,
    database: DatabaseDep,
    deployer: DeployerDep,
    body: RollbackOrder,
    dry_run: DryRun = False,
    wait: Wait = 0.5,
) -> RollbackResponse:
    """Make an earlier release current again, as it was sealed, and hold the workflow: nothing
    deploys until `POST /workflows/{id}/resume`. Runs in progress go on with what they began with.
    """
    rollback = get_rollback(request)
    plan = await run_sync(rollback.plan, workflow_id, body.release)
    if not dry_run:
        await run_sync(rollback.carry_out, plan, body)
        if (release := release_of(plan.target)) is not None:
            deployer.warm(release)
        await deployer.wait(plan.target.id, wait)
    return await run_sync(_answer, database, plan, dry_run)


def _answer(database: Database, plan: Plan, dry_run: bool) -> RollbackResponse:
    with database.reading() as session:
        workflow = workflows.get(session, plan.workflow.id)
        target = session.get_one(ReleaseRow, plan.target.id)
        current = session.get(ReleaseRow, workflow.current_release_id or "")
    number = current.number if current else None
    held = held_text(workflow, number)
    abandoned = plan.abandoned
    return RollbackResponse(
        dry_run=dry_run,
        text=_text(plan, dry_run=dry_run),
        from_release=abandoned.number if abandoned else None,
        release=release_response(target, workflow.dag_id, workflow.current_release_id, held),
        changes=plan.changes,
        hold=None if dry_run else hold_of(workflow, current),
        runs=[run_response(run, abandoned, held) for run in plan.runs],
        runs_total=plan.runs_total,
    )


def _text(plan: Plan, *, dry_run: bool) -> str:
    changes = plan.changes
    parts = [
        *changes.fields,
        *(["files"] if changes.files else []),
        *(f"{p.name} {p.before or '–'} → {p.after or '–'}" for p in changes.packages),
        *([f"Python {' → '.join(changes.python)}"] if changes.python else []),
    ]
    before = f"from release {plan.abandoned.number} " if plan.abandoned else ""
    verb = "Would go back" if dry_run else "Went back"
    return (
        f"{verb} {before}to release {plan.target.number}"
        f" ({'; '.join(parts) if parts else 'nothing of what runs differs'})"
    )


@router.post("/resume", operation_id="resumeWorkflow", response_model=WorkflowResponse)
def resume(workflow_id: WorkflowId, session: Writing, request: Request) -> WorkflowResponse:
    """End a hold: deploys work again, and pushes are followed where the workflow says so. What
    runs stays as it is; a workflow that nothing holds is answered as it is."""
    row = workflows.get(session, workflow_id, lock=True)
    holds.resume(session, row)
    session.flush()
    return workflows.respond(session, row)
