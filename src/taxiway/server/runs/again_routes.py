"""`/workflows/{id}/reruns`."""

from __future__ import annotations

from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, model_validator

from taxiway.errors import Invalid
from taxiway.server.database import Database
from taxiway.server.dependencies import DatabaseDep
from taxiway.server.fields import FieldRefused
from taxiway.server.idempotency.current import part_of_request
from taxiway.server.orchestrator.port import Orchestrator
from taxiway.server.releases.dependencies import DeployerDep
from taxiway.server.releases.holds import held_texts
from taxiway.server.runs.again import MOST, Again, run_again, runs_to_repeat
from taxiway.server.runs.control_routes import await_arrival, require_ready
from taxiway.server.runs.dependencies import MirrorDep, OrchestratorDep
from taxiway.server.runs.mirror import RunMirror
from taxiway.server.runs.schemas import RunResponse, run_response
from taxiway.server.workflows import service as workflows

router = APIRouter(prefix="/api/v1", tags=["runs"])

WorkflowId = Annotated[str, Path(description="UUID of the workflow.")]


class RerunOrder(BaseModel):
    """Which runs are done again on the current release: those named, or all of a release."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra={"examples": [{"release": 7}]}
    )

    runs: list[str] | None = Field(
        None, min_length=1, max_length=MOST, description="UUIDs of runs of the workflow."
    )
    release: int | None = Field(
        None, ge=1, le=2**31 - 1, description="All runs that this release made."
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> RerunOrder:
        if (self.runs is None) == (self.release is None):
            message = "Give either runs or release"
            raise FieldRefused(Invalid("reruns-refused", message, hint="Not both, nor neither."))
        return self


class Rerun(BaseModel):
    """One run, and what became of it."""

    run: str = Field(description="UUID of the run of before.")
    again: RunResponse | None = Field(description="The run that does it again.")
    error: dict[str, Any] | None = Field(description="Why there is none: code, message, hint.")


class RerunResponse(BaseModel):
    """The runs that were done again, oldest first."""

    items: list[Rerun] = Field(description="One for each run of before.")
    total: int = Field(description="How many they are.")
    started: int = Field(description="How many runs were started.")


@router.post(
    "/workflows/{workflow_id}/reruns",
    operation_id="rerunRuns",
    response_model=RerunResponse,
    status_code=201,
)
async def rerun(
    workflow_id: WorkflowId,
    database: DatabaseDep,
    orchestrator: OrchestratorDep,
    mirror: MirrorDep,
    deployer: DeployerDep,
    body: RerunOrder,
) -> RerunResponse:
    """Run again, on the current release, what an abandoned release ran: with the same params and
    for the same moments. The runs of before stay as they are."""
    await await_arrival(database, deployer, workflow_id)
    return await run_sync(_rerun, database, orchestrator, mirror, workflow_id, body)


def _rerun(
    database: Database,
    orchestrator: Orchestrator,
    mirror: RunMirror,
    workflow_id: str,
    asked: RerunOrder,
) -> RerunResponse:
    workflow, release = require_ready(database, workflow_id)
    with database.reading() as session:
        workflow = workflows.get(session, workflow_id)
        rows = runs_to_repeat(session, workflow, asked.runs, asked.release)
        held = held_texts(session, [workflow.id]).get(workflow.id)
    done: list[Again] = []
    for row in rows:
        with part_of_request(row.id):
            done.append(run_again(database, orchestrator, mirror, workflow, release, row))
    items = [
        Rerun(
            run=one.before.id,
            again=run_response(one.run, release, held) if one.run else None,
            error={"code": e.code, "message": e.message, "hint": e.hint}
            if (e := one.error)
            else None,
        )
        for one in done
    ]
    started = sum(1 for item in items if item.again)
    return RerunResponse(items=items, total=len(items), started=started)
