"""`/workflows/{id}/runs` and `/runs`."""

from __future__ import annotations

import contextlib
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import PlainTextResponse, Response
from sqlalchemy.orm import Session

from taxiway.errors import Unavailable
from taxiway.server.database import Database, ReleaseRow, RunRow, WorkflowRow
from taxiway.server.dependencies import DatabaseDep, Reading
from taxiway.server.orchestrator.port import ACTIVE, LogLine
from taxiway.server.paging import Page
from taxiway.server.releases.holds import held_texts
from taxiway.server.runs import backfills, queries, service
from taxiway.server.runs.dependencies import MirrorDep, OrchestratorDep
from taxiway.server.runs.listing import RunQuery, WorkflowRunQuery
from taxiway.server.runs.orders import BackfillList
from taxiway.server.runs.schemas import (
    READ_LOG,
    LogResponse,
    ReadLog,
    RunResponse,
    TaskRunList,
    TaskRunResponse,
    run_response,
)
from taxiway.server.workflows import service as workflows

router = APIRouter(prefix="/api/v1", tags=["runs"])

WorkflowId = Annotated[str, Path(description="UUID of the workflow.")]
RunId = Annotated[str, Path(description="UUID of the run.")]
TaskName = Annotated[str, Path(description="The task's name.")]
Element = Annotated[
    int | None, Query(ge=-1, description="Which element of a mapped task; the first.")
]


def _answer(database: Database, run: RunRow) -> RunResponse:
    with database.reading() as session:
        held = held_texts(session, [run.workflow_id]).get(run.workflow_id)
        return run_response(run, session.get(ReleaseRow, run.release_id or ""), held)


@router.get(
    "/workflows/{workflow_id}/runs",
    operation_id="listWorkflowRuns",
    response_model=Page[RunResponse],
)
def list_workflow_runs(
    workflow_id: WorkflowId, session: Reading, asked: Annotated[WorkflowRunQuery, Query()]
) -> Page[RunResponse]:
    """The runs of a workflow, newest first; those of a deleted one too."""
    page = _page(session, asked, workflow_id)
    if not page.items and session.get(WorkflowRow, workflow_id) is None:
        workflows.get(session, workflow_id)
    return page


@router.get("/workflows/{workflow_id}/backfills", operation_id="listBackfills")
def list_backfills(
    workflow_id: WorkflowId, database: DatabaseDep, orchestrator: OrchestratorDep
) -> BackfillList:
    """The backfills that Airflow has of the workflow, newest first."""
    with database.reading() as session:
        workflow = workflows.get(session, workflow_id)
    return BackfillList(items=backfills.newest(orchestrator, workflow))


@router.get("/runs", operation_id="listRuns", response_model=Page[RunResponse])
def list_runs(session: Reading, asked: Annotated[RunQuery, Query()]) -> Page[RunResponse]:
    """All runs, newest first."""
    return _page(session, asked, asked.workflow_id)


@router.get("/runs/{run_id}", operation_id="getRun", response_model=RunResponse)
def read_run(run_id: RunId, database: DatabaseDep, mirror: MirrorDep) -> RunResponse:
    """One run, as it stands at this moment."""
    with database.reading() as session:
        run = service.get_run(session, run_id)
    if run.state in ACTIVE:
        with contextlib.suppress(Unavailable):  # then the record is the best that can be said
            run = mirror.refresh(run)
    return _answer(database, run)


@router.get("/runs/{run_id}/tasks", operation_id="listTaskRuns", response_model=TaskRunList)
def list_task_runs(run_id: RunId, session: Reading, orchestrator: OrchestratorDep) -> TaskRunList:
    """The tasks of a run, and where each stands."""
    run = service.get_run(session, run_id)
    states = service.task_states(session, orchestrator, run)
    items = [TaskRunResponse.model_validate(state, from_attributes=True) for state in states]
    return TaskRunList(items=items, total=len(items))


@router.get(
    "/runs/{run_id}/tasks/{task}/logs",
    operation_id="getTaskLogs",
    response_model=LogResponse,
    responses={200: {"content": {"text/plain": {}}}},
)
def read_logs(
    run_id: RunId,
    task: TaskName,
    request: Request,
    session: Reading,
    orchestrator: OrchestratorDep,
    try_number: Annotated[
        int | None, Query(alias="try", ge=1, le=10_000, description="Which try; the latest.")
    ] = None,
    after: Annotated[int, Query(ge=0, description="Leave out this many lines.")] = 0,
    map_index: Element = None,
) -> Response:
    """The log of a task as far as it is written; as text where `Accept` asks for text/plain."""
    run = service.get_run(session, run_id)
    service.require_name(task)
    element = service.element_of(session, run, task, map_index)
    tried = try_number or service.task_state(session, orchestrator, run, task, element).try_number
    lines: list[LogLine] = []
    if tried:
        page = orchestrator.log(
            run.dag_id, run.airflow_run_id, task, try_number=tried, map_index=element
        )
        lines = list(page.lines)
    if "text/plain" in request.headers.get("accept", ""):
        return PlainTextResponse("".join(f"{line.text}\n" for line in lines[after:]))
    seen = ReadLog(task, element, tried, lines[after:], max(after, len(lines)))
    return Response(READ_LOG.dump_json(seen), media_type="application/json")


def _page(session: Session, asked: WorkflowRunQuery, workflow_id: str | None) -> Page[RunResponse]:
    found = queries.page(session, asked, workflow_id)
    releases = queries.releases_of(session, found.rows)
    held = held_texts(session, [row.workflow_id for row in found.rows])
    return Page(
        items=[
            run_response(row, releases.get(row.release_id or ""), held.get(row.workflow_id))
            for row in found.rows
        ],
        next_cursor=found.next_cursor,
        total=found.total,
    )
