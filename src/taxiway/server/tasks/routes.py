"""The HTTP routes of tasks."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from taxiway.server.dependencies import Reading, Writing
from taxiway.server.paging import Cursor, Limit, Page, Search
from taxiway.server.tasks import service
from taxiway.server.tasks.schemas import TaskCreate, TaskResponse, TaskUpdate

router = APIRouter(prefix="/api/v1/tasks", tags=["tasks"])


@router.post("", status_code=201, operation_id="createTask")
def create_task(body: TaskCreate, session: Writing, response: Response) -> TaskResponse:
    """Add a task to a workflow; it runs from the next deploy on."""
    row = service.create(session, body)
    response.headers["Location"] = f"/api/v1/tasks/{row.id}"
    return service.respond(session, row)


@router.get("", operation_id="listTasks")
def list_tasks(
    session: Reading,
    workflow_id: Annotated[str | None, Query(description="Only tasks of this workflow.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    q: Search = None,
) -> Page[TaskResponse]:
    """Tasks in the order of their creation."""
    return service.list_page(session, workflow_id=workflow_id, limit=limit, cursor=cursor, q=q)


@router.get("/{task_id}", operation_id="getTask")
def get_task(task_id: str, session: Reading) -> TaskResponse:
    """One task as it is declared now."""
    return service.respond(session, service.get(session, task_id))


@router.patch("/{task_id}", operation_id="updateTask")
def update_task(task_id: str, body: TaskUpdate, session: Writing) -> TaskResponse:
    """Change the fields that are given; they take effect at the next deploy."""
    return service.respond(session, service.update(session, task_id, body))


@router.put("/{task_id}", operation_id="putTask")
def put_task(task_id: str, body: TaskUpdate, session: Writing) -> TaskResponse:
    """The same as PATCH: fields that are left out stay."""
    return service.respond(session, service.update(session, task_id, body))


@router.delete("/{task_id}", status_code=204, operation_id="deleteTask")
def delete_task(task_id: str, session: Writing) -> None:
    """Remove a task that no other one depends on; it runs no more from the next deploy on."""
    service.delete(session, task_id)
