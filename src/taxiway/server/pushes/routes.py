"""`/workflows/{id}/look`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request

from taxiway.server.dependencies import DatabaseDep
from taxiway.server.pushes.heads import Heads
from taxiway.server.workflows import service as workflows
from taxiway.server.workflows.schemas import WorkflowResponse

router = APIRouter(prefix="/api/v1/workflows/{workflow_id}", tags=["workflows"])


@router.post("/look", operation_id="lookAtBranch", response_model=WorkflowResponse)
def look_at_branch(
    workflow_id: Annotated[str, Path(description="UUID of the workflow.")],
    database: DatabaseDep,
    request: Request,
) -> WorkflowResponse:
    """Look at the workflow's branch now, and answer with `behind` as it is. Nothing is deployed."""
    heads: Heads = request.app.state.machinery.heads
    heads.look(workflow_id)
    with database.reading() as session:
        return workflows.respond(session, workflows.get(session, workflow_id))
