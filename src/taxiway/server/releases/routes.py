"""`/workflows/{id}/deploy` and `/workflows/{id}/releases`."""

from __future__ import annotations

from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Header, Path, Query, Response
from fastapi.responses import PlainTextResponse

from taxiway.environment.lock import load, lock_key
from taxiway.errors import NotFound
from taxiway.server.database import Database, ReleaseRow, WorkflowRow
from taxiway.server.dependencies import DatabaseDep, Reading
from taxiway.server.paging import Page
from taxiway.server.releases import queries
from taxiway.server.releases.dependencies import DeployerDep, StorageDep
from taxiway.server.releases.deployer import Deployer
from taxiway.server.releases.holds import current_number, held_text
from taxiway.server.releases.listing import ReleaseQuery
from taxiway.server.releases.locks import LockResponse, lock_of, lock_response
from taxiway.server.releases.orders import DeployOrder
from taxiway.server.releases.records import error_of
from taxiway.server.releases.schemas import ReleaseResponse, release_response
from taxiway.server.releases.service import get_release, start_deploy
from taxiway.server.workflows import service as workflows
from taxiway.server.workflows.queries import tasks_of

router = APIRouter(prefix="/api/v1/workflows/{workflow_id}", tags=["releases"])

WorkflowId = Annotated[str, Path(description="UUID of the workflow.")]
Number = Annotated[int, Path(description="The release's number.", ge=1, le=2**31 - 1)]
Wait = Annotated[float, Query(ge=0, le=600, description="Seconds to wait for the deploy's end.")]

Upgrade = Annotated[
    bool,
    Query(description="Resolve the packages anew, also where nothing that asks for them changed."),
]


@router.post(
    "/deploy",
    operation_id="deployWorkflow",
    response_model=ReleaseResponse,
    responses={202: {"model": ReleaseResponse, "description": "Still on its way."}},
)
async def deploy(
    workflow_id: WorkflowId,
    database: DatabaseDep,
    deployer: DeployerDep,
    response: Response,
    wait: Wait = 60,
    upgrade: Upgrade = False,
    body: DeployOrder | None = None,
) -> ReleaseResponse:
    """Seal the workflow as it stands at one commit, and answer when Airflow can run it.

    Past `wait` seconds the answer is 202, and the release tells its state. A workflow that a
    rollback holds is not deployed (409 `workflow-held`) unless `resume` is true.
    """
    started = await run_sync(
        _begin, database, deployer, workflow_id, body or DeployOrder(), upgrade
    )
    row = await deployer.wait(started.id, wait)
    if row.state == "failed":
        raise error_of(row)
    if row.state != "ready":
        response.status_code = 202
        response.headers["Location"] = f"/api/v1/workflows/{workflow_id}/releases/{row.number}"
    return await run_sync(_respond, database, row)


def _begin(
    database: Database, deployer: Deployer, workflow_id: str, asked: DeployOrder, upgrade: bool
) -> ReleaseRow:
    with database.writing() as session:
        workflow = workflows.get(session, workflow_id, lock=True)
        tasks = tasks_of(session, [workflow_id]).get(workflow_id, [])
        started = start_deploy(session, workflow, tasks, asked, upgrade=upgrade)
    deployer.submit(workflow_id)
    return started


def _respond(database: Database, row: ReleaseRow) -> ReleaseResponse:
    with database.reading() as session:
        workflow = session.get_one(WorkflowRow, row.workflow_id)
        held = held_text(workflow, current_number(session, workflow))
    return release_response(row, workflow.dag_id, workflow.current_release_id, held)


@router.get("/releases", operation_id="listReleases", response_model=Page[ReleaseResponse])
def list_releases(
    workflow_id: WorkflowId, session: Reading, asked: Annotated[ReleaseQuery, Query()]
) -> Page[ReleaseResponse]:
    """The releases of a workflow, newest first."""
    workflow = workflows.get(session, workflow_id)
    found = queries.page(session, workflow_id, asked)
    current, held = (
        workflow.current_release_id,
        held_text(workflow, current_number(session, workflow)),
    )
    return Page(
        items=[release_response(row, workflow.dag_id, current, held) for row in found.rows],
        next_cursor=found.next_cursor,
        total=found.total,
    )


@router.get("/releases/{number}", operation_id="getRelease", response_model=ReleaseResponse)
def read_release(workflow_id: WorkflowId, number: Number, session: Reading) -> ReleaseResponse:
    """One release."""
    workflow = workflows.get(session, workflow_id)
    row = get_release(session, workflow_id, number)
    held = held_text(workflow, current_number(session, workflow))
    return release_response(row, workflow.dag_id, workflow.current_release_id, held)


@router.get(
    "/releases/{number}/dag",
    operation_id="getReleaseDag",
    response_class=PlainTextResponse,
)
def read_dag(
    workflow_id: WorkflowId, number: Number, session: Reading, storage: StorageDep
) -> PlainTextResponse:
    """The DAG file that was generated for the release, as text."""
    workflows.get(session, workflow_id)
    row = get_release(session, workflow_id, number)
    if row.dag_digest is None:
        raise NotFound(
            "dag-not-made",
            f"Release {number} has no DAG file: it is {row.state}",
            hint="A release has one when it is sealed.",
        )
    return PlainTextResponse(storage.get(f"dags/{row.dag_digest}.py"))


@router.get(
    "/releases/{number}/lock",
    operation_id="getReleaseLock",
    response_class=PlainTextResponse,
    responses={200: {"model": LockResponse, "description": "The lock."}},
)
def read_lock(
    workflow_id: WorkflowId,
    number: Number,
    session: Reading,
    storage: StorageDep,
    task: Annotated[str | None, Query(description="The lock of this task.", max_length=250)] = None,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Response:
    """The packages that the release was locked to, with hashes: as text that `pip install -r`
    reads, or as JSON where the request accepts that alone."""
    workflows.get(session, workflow_id)
    row = get_release(session, workflow_id, number)
    key = lock_of(row, task)
    lock = load(key, storage)
    if accept.startswith("application/json"):
        return Response(lock_response(key, lock).model_dump_json(), media_type="application/json")
    return PlainTextResponse(storage.get(lock_key(key)))
