"""`/runs/{id}/events` and `/runs/{id}/tasks/{task}/logs/stream`: server-sent events."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from fastapi.responses import Response
from sse_starlette import EventSourceResponse

from taxiway.server.dependencies import DatabaseDep, Reading
from taxiway.server.runs import service
from taxiway.server.runs.dependencies import MirrorDep, OrchestratorDep
from taxiway.server.runs.polls import Polls
from taxiway.server.runs.streams import Position, Watch, log_events, state_events

router = APIRouter(prefix="/api/v1/runs/{run_id}", tags=["runs"])

HEARTBEAT_SECONDS = 15

RunId = Annotated[str, Path(description="UUID of the run.")]
TaskName = Annotated[str, Path(description="The task's name.")]
Element = Annotated[
    int | None, Query(ge=-1, description="Which element of a mapped task; the first.")
]
LastEventId = Annotated[
    str | None, Header(description="The id of the last event that was received: goes on there.")
]
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {"description": "Server-sent events.", "content": {"text/event-stream": {}}}
}


def get_watch(
    request: Request, database: DatabaseDep, orchestrator: OrchestratorDep, mirror: MirrorDep
) -> Watch:
    polls: Polls = request.app.state.polls
    return Watch(database, orchestrator, mirror, polls)


WatchDep = Annotated[Watch, Depends(get_watch)]


@router.get(
    "/events",
    operation_id="followRun",
    response_class=Response,
    responses=_STREAM,
)
def follow_run(
    run_id: RunId, session: Reading, watch: WatchDep, last_event_id: LastEventId = None
) -> EventSourceResponse:
    """The states of a run and of its tasks, live: a `snapshot`, then `run` and `task` events as
    they change, and `end` when the run has ended."""
    service.get_run(session, run_id)
    watch.polls.require_room()
    events = state_events(watch, run_id, last_event_id)
    return EventSourceResponse(events, ping=HEARTBEAT_SECONDS)


@router.get(
    "/tasks/{task}/logs/stream",
    operation_id="followTaskLog",
    response_class=Response,
    responses=_STREAM,
)
def follow_log(
    run_id: RunId,
    task: TaskName,
    session: Reading,
    watch: WatchDep,
    try_number: Annotated[
        int | None,
        Query(alias="try", ge=1, le=10_000, description="This try only; the latest and later."),
    ] = None,
    after: Annotated[
        int, Query(ge=0, description="Leave out this many lines, where nothing is resumed.")
    ] = 0,
    map_index: Element = None,
    last_event_id: LastEventId = None,
) -> EventSourceResponse:
    """The log of a task, live: `line` events with ids `try:line`, from try to try, and `end` when
    the task has ended."""
    run = service.get_run(session, run_id)
    service.require_task(session, watch.orchestrator, run, task)
    position = Position.parse(last_event_id, try_number, after)
    watch.polls.require_room()
    one_try, element = try_number is not None, service.element_of(session, run, task, map_index)
    events = log_events(watch, run_id, task, position, one_try=one_try, element=element)
    return EventSourceResponse(events, ping=HEARTBEAT_SECONDS)
