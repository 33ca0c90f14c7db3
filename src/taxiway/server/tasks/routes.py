"""The HTTP routes of tasks."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Response

from taxiway.server.dependencies import Reading, Writing
from taxiway.server.paging import Page
from taxiway.server.tasks import replace, service
from taxiway.server.tasks.graph_schemas import GRAPH, GraphTasks
from taxiway.server.tasks.listing import TaskQuery
from taxiway.server.tasks.schemas import TaskCreate, TaskResponse, TaskUpdate
from taxiway.server.versions import NOT_MODIFIED, IfMatch, IfNoneMatch, unless_known
from taxiway.server.workflows import service as workflows

router = APIRouter(prefix="/api/v1", tags=["tasks"])

TaskId = Annotated[str, Path(description="UUID of the task.")]
WorkflowId = Annotated[str, Path(description="UUID of the workflow.")]
Graph = Annotated[
    GraphTasks,
    Body(
        description='All tasks that the workflow shall have; also as `{"tasks": [...]}`.',
        examples=[GRAPH],
    ),
]


@router.post("/tasks", status_code=201, operation_id="createTask")
def create_task(body: TaskCreate, session: Writing, response: Response) -> TaskResponse:
    """Add a task to a workflow; it runs from the next deploy on."""
    row = service.create(session, body)
    response.headers["Location"] = f"/api/v1/tasks/{row.id}"
    service.version(session, row).put(response)
    return service.respond(session, row)


@router.get("/tasks", operation_id="listTasks")
def list_tasks(session: Reading, asked: Annotated[TaskQuery, Query()]) -> Page[TaskResponse]:
    """Tasks in the order of their creation, or in the order that is asked for."""
    return service.list_page(session, asked)


@router.get(
    "/tasks/{task_id}",
    operation_id="getTask",
    response_model=TaskResponse,
    responses=NOT_MODIFIED,
)
def get_task(
    task_id: TaskId, session: Reading, response: Response, if_none_match: IfNoneMatch = None
) -> TaskResponse | Response:
    """One task as it is declared now."""
    row = service.get(session, task_id)
    version = service.version(session, row)
    return unless_known(version, if_none_match, response) or service.respond(session, row)


@router.patch("/tasks/{task_id}", operation_id="updateTask")
def update_task(
    task_id: TaskId,
    body: TaskUpdate,
    session: Writing,
    response: Response,
    if_match: IfMatch = None,
) -> TaskResponse:
    """Change the fields that are given; they take effect at the next deploy."""
    row = service.update(session, task_id, body, if_match)
    service.version(session, row).put(response)
    return service.respond(session, row)


@router.put("/tasks/{task_id}", operation_id="putTask")
def put_task(
    task_id: TaskId,
    body: TaskUpdate,
    session: Writing,
    response: Response,
    if_match: IfMatch = None,
) -> TaskResponse:
    """The same as PATCH: fields that are left out stay."""
    return update_task(task_id, body, session, response, if_match)


@router.delete("/tasks/{task_id}", status_code=204, operation_id="deleteTask")
def delete_task(task_id: TaskId, session: Writing, if_match: IfMatch = None) -> None:
    """Remove a task that no other one depends on; it runs no more from the next deploy on."""
    service.delete(session, task_id, if_match)


@router.put("/workflows/{workflow_id}/tasks", operation_id="replaceTasks")
def replace_tasks(
    workflow_id: WorkflowId,
    body: Graph,
    session: Writing,
    response: Response,
    if_match: IfMatch = None,
) -> Page[TaskResponse]:
    """Replace all tasks of a workflow at once, or change nothing.

    Tasks whose names stay keep their ids; those that are not listed are removed; dependencies may
    name tasks that stand further down. `If-Match` takes the ETag of the workflow.
    """
    workflow = replace.replace_tasks(session, workflow_id, body, if_match)
    workflows.version(session, workflow).put(response)
    items = service.respond_all(session, workflow.id)
    return Page(items=items, next_cursor=None, total=len(items))
