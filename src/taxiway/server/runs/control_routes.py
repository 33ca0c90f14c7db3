"""Starting, stopping and repeating runs."""

from __future__ import annotations

from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Path
from fastapi.responses import Response

from taxiway.errors import Unavailable
from taxiway.server.database import Database, ReleaseRow, RunRow, WorkflowRow
from taxiway.server.dependencies import DatabaseDep
from taxiway.server.orchestrator.port import Orchestrator
from taxiway.server.releases.dependencies import DeployerDep, StorageDep
from taxiway.server.releases.deployer import Deployer
from taxiway.server.releases.holds import held_texts
from taxiway.server.runs import backfills, service
from taxiway.server.runs.dependencies import MirrorDep, OrchestratorDep
from taxiway.server.runs.mirror import RunMirror
from taxiway.server.runs.orders import BackfillRequest, BackfillResponse, RunRetry, RunTrigger
from taxiway.server.runs.overrides import Params, require_fit
from taxiway.server.runs.retry import retry
from taxiway.server.runs.schemas import RunResponse, run_response
from taxiway.server.workflows import service as workflows

router = APIRouter(prefix="/api/v1", tags=["runs"])

WorkflowId = Annotated[str, Path(description="UUID of the workflow.")]
RunId = Annotated[str, Path(description="UUID of the run.")]

ARRIVAL_SECONDS = 30


@router.post(
    "/workflows/{workflow_id}/runs",
    operation_id="triggerRun",
    response_model=RunResponse,
    status_code=201,
)
async def trigger_run(
    workflow_id: WorkflowId,
    database: DatabaseDep,
    orchestrator: OrchestratorDep,
    mirror: MirrorDep,
    deployer: DeployerDep,
    body: RunTrigger | None = None,
) -> RunResponse:
    """Start a run of the current release, with params for this run only where they are given."""
    asked = body or RunTrigger()
    await await_arrival(database, deployer, workflow_id)
    return await run_sync(_trigger, database, orchestrator, mirror, workflow_id, asked)


def _trigger(
    database: Database,
    orchestrator: Orchestrator,
    mirror: RunMirror,
    workflow_id: str,
    asked: RunTrigger,
) -> RunResponse:
    workflow, release = _ready(database, workflow_id, asked.params)
    run = service.trigger(
        database, orchestrator, mirror, workflow, release, asked.params, asked.logical_date
    )
    return _answer(database, run)


@router.post("/runs/{run_id}/cancel", operation_id="cancelRun", response_model=RunResponse)
def cancel_run(
    run_id: RunId, database: DatabaseDep, orchestrator: OrchestratorDep, mirror: MirrorDep
) -> RunResponse:
    """Stop a run; its processes are gone within seconds."""
    return _answer(database, service.cancel(database, orchestrator, mirror, run_id))


@router.post("/runs/{run_id}/retry", operation_id="retryRun", response_model=RunResponse)
def retry_run(
    run_id: RunId,
    database: DatabaseDep,
    orchestrator: OrchestratorDep,
    mirror: MirrorDep,
    storage: StorageDep,
    body: RunRetry | None = None,
) -> RunResponse:
    """Run what failed again, and all that follows it, also after a cancel. The run goes on with
    the release that it began with."""
    picked = body.tasks if body else None
    return _answer(database, retry(database, orchestrator, mirror, storage, run_id, picked))


@router.post(
    "/workflows/{workflow_id}/backfills",
    operation_id="createBackfill",
    response_model=BackfillResponse,
    status_code=201,
    responses={200: {"model": BackfillResponse, "description": "A dry run: nothing was started."}},
)
async def create_backfill(
    workflow_id: WorkflowId,
    database: DatabaseDep,
    orchestrator: OrchestratorDep,
    deployer: DeployerDep,
    body: BackfillRequest,
    response: Response,
) -> BackfillResponse:
    """Start the runs of the schedule's ticks between two moments that have none; with `dry_run`,
    only say which."""
    await await_arrival(database, deployer, workflow_id)
    response.status_code = 200 if body.dry_run else 201
    return await run_sync(_backfill, database, orchestrator, workflow_id, body)


def _backfill(
    database: Database,
    orchestrator: Orchestrator,
    workflow_id: str,
    asked: BackfillRequest,
) -> BackfillResponse:
    workflow, release = _ready(database, workflow_id, asked.params)
    done = backfills.backfill(orchestrator, workflow, release, asked)
    return BackfillResponse(
        id=done.id,
        dry_run=asked.dry_run,
        logical_dates=list(done.logical_dates),
        total=len(done.logical_dates),
    )


async def await_arrival(database: Database, deployer: Deployer, workflow_id: str) -> None:
    """Wait a little for a release that is on its way to Airflow; no thread is held."""
    _, release = await run_sync(_current, database, workflow_id)
    if release.state != "ready":
        await deployer.wait(release.id, ARRIVAL_SECONDS)


def _current(database: Database, workflow_id: str) -> tuple[WorkflowRow, ReleaseRow]:
    with database.reading() as session:
        workflow = workflows.get(session, workflow_id)
        return workflow, service.current_release(session, workflow)


def _ready(database: Database, workflow_id: str, params: Params) -> tuple[WorkflowRow, ReleaseRow]:
    require_fit(database, _current(database, workflow_id)[1], params)
    return require_ready(database, workflow_id)


def require_ready(database: Database, workflow_id: str) -> tuple[WorkflowRow, ReleaseRow]:
    """The workflow and its current release; `Unavailable` (`release-not-ready`) until Airflow
    shows it."""
    workflow, release = _current(database, workflow_id)
    if release.state != "ready":
        raise Unavailable(
            "release-not-ready",
            f"Airflow does not show release {release.number} of {workflow.name} yet",
            hint="It will within seconds where Airflow runs; then try again.",
        )
    return workflow, release


def _answer(database: Database, run: RunRow) -> RunResponse:
    with database.reading() as session:
        held = held_texts(session, [run.workflow_id]).get(run.workflow_id)
        return run_response(run, session.get(ReleaseRow, run.release_id or ""), held)
