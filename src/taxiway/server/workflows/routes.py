"""The HTTP routes of workflows."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from taxiway.server.dependencies import PublisherDep, Reading, RetirerDep, Writing
from taxiway.server.paging import Cursor, Limit, Page, Search
from taxiway.server.workflows import service
from taxiway.server.workflows.schemas import WorkflowCreate, WorkflowResponse, WorkflowUpdate

router = APIRouter(prefix="/api/v1/workflows", tags=["workflows"])


@router.post("", status_code=201, operation_id="createWorkflow")
def create_workflow(body: WorkflowCreate, session: Writing, response: Response) -> WorkflowResponse:
    """Declare a workflow. Nothing runs, and no network is touched, before its first deploy."""
    row = service.create(session, body)
    response.headers["Location"] = f"/api/v1/workflows/{row.id}"
    return service.respond(session, row)


@router.get("", operation_id="listWorkflows")
def list_workflows(
    session: Reading, limit: Limit = 50, cursor: Cursor = None, q: Search = None
) -> Page[WorkflowResponse]:
    """Workflows by name."""
    return service.list_page(session, limit=limit, cursor=cursor, q=q)


@router.get("/{workflow_id}", operation_id="getWorkflow")
def get_workflow(workflow_id: str, session: Reading) -> WorkflowResponse:
    """One workflow as it is declared now."""
    return service.respond(session, service.get(session, workflow_id))


@router.patch("/{workflow_id}", operation_id="updateWorkflow")
def update_workflow(
    workflow_id: str, body: WorkflowUpdate, session: Writing, publisher: PublisherDep
) -> WorkflowResponse:
    """Change the fields that are given. `is_active` acts at once, all else at the next deploy."""
    row = service.update(session, workflow_id, body, publisher)
    return service.respond(session, row)


@router.put("/{workflow_id}", operation_id="putWorkflow")
def put_workflow(
    workflow_id: str, body: WorkflowUpdate, session: Writing, publisher: PublisherDep
) -> WorkflowResponse:
    """The same as PATCH: fields that are left out stay."""
    return update_workflow(workflow_id, body, session, publisher)


@router.delete("/{workflow_id}", status_code=204, operation_id="deleteWorkflow")
def delete_workflow(
    workflow_id: str,
    session: Writing,
    retirer: RetirerDep,
    cancel: Annotated[bool, Query(description="Cancel runs that are in progress first.")] = False,
) -> None:
    """Remove the workflow and its DAG; the record of its runs is kept."""
    service.delete(session, workflow_id, retirer, cancel=cancel)
