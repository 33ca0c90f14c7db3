"""The HTTP routes of workflows."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from taxiway.server.dependencies import PublisherDep, Reading, RetirerDep, Writing
from taxiway.server.paging import Page
from taxiway.server.versions import NOT_MODIFIED, IfMatch, IfNoneMatch, unless_known
from taxiway.server.workflows import service
from taxiway.server.workflows.listing import WorkflowQuery
from taxiway.server.workflows.schemas import WorkflowCreate, WorkflowResponse, WorkflowUpdate

router = APIRouter(prefix="/api/v1/workflows", tags=["workflows"])

WorkflowId = Annotated[str, Path(description="UUID of the workflow.")]


@router.post("", status_code=201, operation_id="createWorkflow")
def create_workflow(body: WorkflowCreate, session: Writing, response: Response) -> WorkflowResponse:
    """Declare a workflow. Nothing runs, and no network is touched, before its first deploy."""
    row = service.create(session, body)
    response.headers["Location"] = f"/api/v1/workflows/{row.id}"
    service.version(session, row).put(response)
    return service.respond(session, row)


@router.get("", operation_id="listWorkflows")
def list_workflows(
    session: Reading, asked: Annotated[WorkflowQuery, Query()]
) -> Page[WorkflowResponse]:
    """Workflows by name, or in the order that is asked for."""
    return service.list_page(session, asked)


@router.get(
    "/{workflow_id}",
    operation_id="getWorkflow",
    response_model=WorkflowResponse,
    responses=NOT_MODIFIED,
)
def get_workflow(
    workflow_id: WorkflowId,
    session: Reading,
    response: Response,
    if_none_match: IfNoneMatch = None,
) -> WorkflowResponse | Response:
    """One workflow as it is declared now."""
    row = service.get(session, workflow_id)
    version = service.version(session, row)
    return unless_known(version, if_none_match, response) or service.respond(session, row)


@router.patch("/{workflow_id}", operation_id="updateWorkflow")
def update_workflow(
    workflow_id: WorkflowId,
    body: WorkflowUpdate,
    session: Writing,
    publisher: PublisherDep,
    response: Response,
    if_match: IfMatch = None,
) -> WorkflowResponse:
    """Change the fields that are given. `is_active` acts at once, all else at the next deploy."""
    row, notes = service.update(session, workflow_id, body, publisher, if_match)
    service.version(session, row).put(response)
    answer = service.respond(session, row)
    answer.notes = list(notes)
    return answer


@router.put("/{workflow_id}", operation_id="putWorkflow")
def put_workflow(
    workflow_id: WorkflowId,
    body: WorkflowUpdate,
    session: Writing,
    publisher: PublisherDep,
    response: Response,
    if_match: IfMatch = None,
) -> WorkflowResponse:
    """The same as PATCH: fields that are left out stay."""
    return update_workflow(workflow_id, body, session, publisher, response, if_match)


@router.delete("/{workflow_id}", status_code=204, operation_id="deleteWorkflow")
def delete_workflow(
    workflow_id: WorkflowId,
    session: Writing,
    retirer: RetirerDep,
    cancel: Annotated[bool, Query(description="Cancel runs that are in progress first.")] = False,
    if_match: IfMatch = None,
) -> None:
    """Remove the workflow and its DAG; the record of its runs is kept."""
    service.delete(session, workflow_id, retirer, cancel=cancel, if_match=if_match)
