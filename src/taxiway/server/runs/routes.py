"""`/workflows/{id}/runs` and `/runs`."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import PlainTextResponse, Response
from sqlalchemy.orm import Session

from taxiway.errors import Invalid, NotFound, Unavailable
from taxiway.server.database import Database, ReleaseRow, RunRow
from taxiway.server.dependencies import DatabaseDep, Reading
from taxiway.server.orchestrator.port import ACTIVE, LogLine, Orchestrator
from taxiway.server.paging import Cursor, Limit, Page, decode_cursor, encode_cursor
from taxiway.server.releases.dependencies import DeployerDep
from taxiway.server.runs import queries, service
from taxiway.server.runs.dependencies import MirrorDep, OrchestratorDep
from taxiway.server.runs.mirror import RunMirror
from taxiway.server.runs.schemas import (
    LogLineResponse,
    LogResponse,
    RunResponse,
    RunTrigger,
    TaskRunList,
    TaskRunResponse,
    ValueResponse,
    run_response,
)
from taxiway.server.workflows import service as workflows
from taxiway.workflow.names import fits_airflow

router = APIRouter(prefix="/api/v1", tags=["runs"])

WorkflowId = Annotated[str, Path(description="UUID of the workflow.")]
RunId = Annotated[str, Path(description="UUID of the run.")]
TaskName = Annotated[str, Path(description="The task's name.")]

ARRIVAL_SECONDS = 30


@router.post(
    "/workflows/{workflow_id}/runs",
    operation_id="triggerRun",
    response_model=RunResponse,
    status_code=201,
)
async def trigger_run(
    workflow_id: WorkflowId,
    database: DatabaseDep,
    orchestrator: OrchestratorDep,
    mirror: MirrorDep,
    deployer: DeployerDep,
    body: RunTrigger | None = None,
) -> RunResponse:
    """Start a run of the current release, with params for this run only where they are given."""
    release = await run_sync(_current, database, workflow_id)
    if release.state != "ready":
        await deployer.wait(release.id, ARRIVAL_SECONDS)
    params = body.params if body else {}
    return await run_sync(_trigger, database, orchestrator, mirror, workflow_id, params)


def _current(database: Database, workflow_id: str) -> ReleaseRow:
    with database.reading() as session:
        return service.current_release(session, workflows.get(session, workflow_id))


def _trigger(
    database: Database,
    orchestrator: Orchestrator,
    mirror: RunMirror,
    workflow_id: str,
    params: service.Params,
) -> RunResponse:
    with database.reading() as session:
        workflow = workflows.get(session, workflow_id)
        release = service.current_release(session, workflow)
    if release.state != "ready":
        raise Unavailable(
            "release-not-ready",
            f"Airflow does not show release {release.number} of {workflow.name} yet",
            hint="It will within seconds where Airflow runs; then try again.",
        )
    run = service.trigger(database, orchestrator, mirror, workflow, release, params)
    return _answer(database, run)


def _answer(database: Database, run: RunRow) -> RunResponse:
    with database.reading() as session:
        return run_response(run, session.get(ReleaseRow, run.release_id or ""))


@router.get(
    "/workflows/{workflow_id}/runs",
    operation_id="listWorkflowRuns",
    response_model=Page[RunResponse],
)
def list_workflow_runs(
    workflow_id: WorkflowId, session: Reading, limit: Limit = 50, cursor: Cursor = None
) -> Page[RunResponse]:
    """The runs of a workflow, newest first; those of a deleted one too."""
    page = _page(session, workflow_id, limit, cursor)
    if not page.total:
        workflows.get(session, workflow_id)
    return page


@router.get("/runs", operation_id="listRuns", response_model=Page[RunResponse])
def list_runs(session: Reading, limit: Limit = 50, cursor: Cursor = None) -> Page[RunResponse]:
    """All runs, newest first."""
    return _page(session, None, limit, cursor)


@router.get("/runs/{run_id}", operation_id="getRun", response_model=RunResponse)
def read_run(run_id: RunId, database: DatabaseDep, mirror: MirrorDep) -> RunResponse:
    """One run, as it stands at this moment."""
    with database.reading() as session:
        run = service.get_run(session, run_id)
    if run.state in ACTIVE:
        with contextlib.suppress(Unavailable):  # then the record is the best that can be said
            run = mirror.refresh(run)
    return _answer(database, run)


@router.post("/runs/{run_id}/cancel", operation_id="cancelRun", response_model=RunResponse)
def cancel_run(
    run_id: RunId, database: DatabaseDep, orchestrator: OrchestratorDep, mirror: MirrorDep
) -> RunResponse:
    """Stop a run; its processes are gone within seconds."""
    return _answer(database, service.cancel(database, orchestrator, mirror, run_id))


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
) -> Response | LogResponse:
    """The log of a task as far as it is written; as text where `Accept` asks for text/plain."""
    run = service.get_run(session, run_id)
    _require_name(task)
    tried = try_number or service.task_state(session, orchestrator, run, task).try_number
    lines: list[LogLine] = []
    if tried:
        page = orchestrator.log(run.dag_id, run.airflow_run_id, task, try_number=tried)
        lines = list(page.lines)
    if "text/plain" in request.headers.get("accept", ""):
        return PlainTextResponse("".join(f"{line.text}\n" for line in lines[after:]))
    return LogResponse(
        task=task,
        try_number=tried,
        lines=[
            LogLineResponse.model_validate(line, from_attributes=True) for line in lines[after:]
        ],
        next=max(after, len(lines)),
    )


@router.get(
    "/runs/{run_id}/tasks/{task}/value",
    operation_id="getTaskValue",
    response_model=ValueResponse,
)
def read_value(
    run_id: RunId, task: TaskName, session: Reading, orchestrator: OrchestratorDep
) -> ValueResponse:
    """What a task returned."""
    run = service.get_run(session, run_id)
    _require_name(task)
    return ValueResponse(task=task, value=orchestrator.value(run.dag_id, run.airflow_run_id, task))


def _require_name(task: str) -> None:
    """What cannot name a task is never made part of an address in Airflow (`..`)."""
    if not fits_airflow(task):
        raise NotFound("task-not-found", f"No task can have the name {task[:100]!r}")


def _page(
    session: Session, workflow_id: str | None, limit: int, cursor: str | None
) -> Page[RunResponse]:
    rows, more, total = queries.page(
        session, workflow_id, after=_position(cursor) if cursor else None, limit=limit
    )
    releases = queries.releases_of(session, rows)
    last = [rows[-1].created_at.isoformat(), rows[-1].id] if more else []
    return Page(
        items=[run_response(row, releases.get(row.release_id or "")) for row in rows],
        next_cursor=encode_cursor(last) if more else None,
        total=total,
    )


def _position(cursor: str) -> tuple[datetime, str]:
    moment, run_id = decode_cursor(cursor, 2)
    try:
        return datetime.fromisoformat(moment).astimezone(UTC), run_id
    except (ValueError, OverflowError):
        raise Invalid("cursor-refused", "The cursor is not one that this list gave out") from None
