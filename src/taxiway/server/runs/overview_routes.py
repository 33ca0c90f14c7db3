"""`/workflows/{id}/grid` and `/runs/{id}/graph`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from taxiway.server.database import WorkflowRow
from taxiway.server.dependencies import Reading
from taxiway.server.runs import overview, service
from taxiway.server.runs.dependencies import OrchestratorDep
from taxiway.server.runs.listing import WorkflowRunQuery
from taxiway.server.runs.overview_schemas import RunGrid, SealedTaskList
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
