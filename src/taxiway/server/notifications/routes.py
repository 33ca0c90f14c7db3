"""`/workflows/{id}/notifications` and `/workflows/{id}/notify-test`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request

from taxiway.server.database import NotificationRow
from taxiway.server.dependencies import DatabaseDep, Reading
from taxiway.server.machinery import Machinery
from taxiway.server.notifications import queries
from taxiway.server.notifications.listing import NotificationQuery
from taxiway.server.notifications.schemas import NotificationResponse
from taxiway.server.paging import Page
from taxiway.server.workflows import service as workflows

router = APIRouter(prefix="/api/v1/workflows/{workflow_id}", tags=["notifications"])

WorkflowId = Annotated[str, Path(description="UUID of the workflow.")]


def _machinery(request: Request) -> Machinery:
    machinery: Machinery = request.app.state.machinery
    return machinery


MachineryDep = Annotated[Machinery, Depends(_machinery)]


@router.get("/notifications", operation_id="listNotifications")
def list_notifications(
    workflow_id: WorkflowId, session: Reading, asked: Annotated[NotificationQuery, Query()]
) -> Page[NotificationResponse]:
    """What was to be heard of the workflow, newest first, and whether it was."""
    workflows.get(session, workflow_id)
    found = queries.page(session, workflow_id, asked)
    return Page(
        items=[NotificationResponse.model_validate(row) for row in found.rows],
        next_cursor=found.next_cursor,
        total=found.total,
    )


@router.post("/notify-test", operation_id="testNotification")
def test_notification(
    workflow_id: WorkflowId, database: DatabaseDep, machinery: MachineryDep
) -> NotificationResponse:
    """Send one notification now, and answer what became of it: `state`, `status`, `error`."""
    courier = machinery.courier
    with database.writing() as session:
        workflow = workflows.get(session, workflow_id)
        courier.require_address(workflow)
        row: NotificationRow = machinery.outbox.test(session, workflow)
        row.attempts, row.due_at = 1, courier.claimed_until()
    return NotificationResponse.model_validate(courier.deliver(row.id))
