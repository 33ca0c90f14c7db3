"""`/workflows/{id}/grid`, `/runs/{id}/graph` and `/workflows/{id}/releases/{n}/graph`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from taxiway.server.database import WorkflowRow
from taxiway.server.dependencies import Reading
from taxiway.server.releases.service import get_release
from taxiway.server.runs import overview, service
from taxiway.server.runs.dependencies import OrchestratorDep
from taxiway.server.runs.listing import WorkflowRunQuery
from taxiway.server.runs.overview_schemas import ReleaseTaskList, RunGrid, SealedTaskList
from taxiway.server.workflows import service as workflows

router = APIRouter(prefix="/api/v1", tags=["runs"])


@router.get("/workflows/{workflow_id}/grid", operation_id="getRunGrid", response_model=RunGrid)
def read_grid(
    workflow_id: Annotated[str, Path(description="UUID of the workflow.")],
    session: Reading,
    orchestrator: OrchestratorDep,
    asked: Annotated[WorkflowRunQuery, Query()],
) -> RunGrid:
    """The runs of a workflow, newest first, each with the states of its tasks."""
    if session.get(WorkflowRow, workflow_id) is None:
        workflows.get(session, workflow_id)
    return overview.grid(session, orchestrator, asked, workflow_id)


@router.get("/runs/{run_id}/graph", operation_id="getRunGraph", response_model=SealedTaskList)
def read_graph(
    run_id: Annotated[str, Path(description="UUID of the run.")], session: Reading
) -> SealedTaskList:
    """The tasks of a run as its release sealed them, whatever is declared today; none where the
    release is not known."""
    items = overview.sealed_tasks(session, service.get_run(session, run_id))
    return SealedTaskList(items=items, total=len(items))


@router.get(
    "/workflows/{workflow_id}/releases/{number}/graph",
    operation_id="getReleaseGraph",
    response_model=ReleaseTaskList,
)
def read_release_graph(
    workflow_id: Annotated[str, Path(description="UUID of the workflow.")],
    number: Annotated[int, Path(description="The release's number.", ge=1, le=2**31 - 1)],
    session: Reading,
) -> ReleaseTaskList:
    """The tasks of a release as it sealed them, with what each function takes: what runs that are
    given params of their own start from."""
    workflows.get(session, workflow_id)
    items = overview.release_tasks(get_release(session, workflow_id, number))
    return ReleaseTaskList(items=items, total=len(items))
