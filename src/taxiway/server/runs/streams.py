"""Runs as they go: server-sent events of log lines and of states, each with a place to resume at."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import anyio
from sse_starlette import ServerSentEvent

from taxiway.errors import Invalid, Unavailable
from taxiway.server.database import Database, ReleaseRow, RunRow
from taxiway.server.orchestrator.port import ACTIVE, LogLine, Orchestrator, TaskState
from taxiway.server.releases.holds import held_texts
from taxiway.server.runs import service
from taxiway.server.runs.mirror import RunMirror
from taxiway.server.runs.polls import FRESH_SECONDS, Polls
from taxiway.server.runs.schemas import READ_LINE, TaskRunResponse, run_response
from taxiway.server.runs.timings import ENDED

DOWN_SECONDS = 3.0
T = TypeVar("T")
_POSITION = re.compile(r"(\d{1,6}):(\d{1,12})")


@dataclass(frozen=True)
class Sight:
    """A run and its tasks at one moment."""

    run: RunRow
    release: ReleaseRow | None
    tasks: Sequence[TaskState]
    held: str | None = None

    @property
    def is_over(self) -> bool:
        return self.run.state not in ACTIVE


@dataclass(frozen=True)
class Watch:
    """What a stream looks with; its looks are shared with the other streams."""

    database: Database
    orchestrator: Orchestrator
    mirror: RunMirror
    polls: Polls

    async def run(self, run_id: str) -> Sight:
        return await self._look(("run", run_id), lambda: self._see(run_id))

    async def lines(self, run: RunRow, task: str, tried: int, element: int) -> Sequence[LogLine]:
        def read() -> Sequence[LogLine]:
            page = self.orchestrator.log(
                run.dag_id, run.airflow_run_id, task, try_number=tried, map_index=element
            )
            return page.lines

        return await self._look(("log", run.id, task, tried, element), read)

    async def _look(self, key: tuple[Any, ...], read: Callable[[], T]) -> T:
        while True:
            try:
                return await self.polls.look(key, read)
            except Unavailable:  # Airflow may come back; the heartbeat goes on meanwhile
                await anyio.sleep(DOWN_SECONDS)

    def _see(self, run_id: str) -> Sight:
        with self.database.reading() as session:
            run = service.get_run(session, run_id)
        if run.state in ACTIVE:
            run = self.mirror.refresh(run)
        with self.database.reading() as session:
            release = session.get(ReleaseRow, run.release_id or "")
            held = held_texts(session, [run.workflow_id]).get(run.workflow_id)
            tasks = service.task_states(session, self.orchestrator, run)
            return Sight(run, release, tasks, held)


@dataclass(frozen=True)
class Position:
    """Where in a task's log a reader is: `line` lines of the try have been read."""

    tried: int = 0  # 0: the latest
    line: int = 0

    @classmethod
    def parse(cls, event_id: str | None, tried: int | None, after: int = 0) -> Position:
        """From the id of the last event, else `after` so many lines; `Invalid`
        (`event-id-refused`)."""
        if not event_id:
            return cls(tried or 0, after)
        found = _POSITION.fullmatch(event_id)
        if found is None:
            raise Invalid(
                "event-id-refused",
                f"Last-Event-ID {event_id[:50]!r} is none that this stream gave out",
                hint="Leave it out to begin at the first line.",
            )
        position = cls(int(found[1]), int(found[2]))
        return cls(tried) if tried and tried != position.tried else position

    @property
    def event_id(self) -> str:
        return f"{self.tried}:{self.line}"


async def log_events(
    watch: Watch, run_id: str, task: str, position: Position, *, one_try: bool, element: int = -1
) -> AsyncIterator[ServerSentEvent]:
    """Its lines as `line` events, from try to try, and an `end` when the task has ended."""
    tried, line, was_over = position.tried, position.line, False
    with watch.polls.stream():
        while True:
            sight = await watch.run(run_id)
            state = next((s for s in sight.tasks if (s.task, s.map_index) == (task, element)), None)
            latest = state.try_number if state else 0
            tried = tried or latest
            lines = await watch.lines(sight.run, task, tried, element) if tried else ()
            for text in lines[line:]:
                line += 1
                yield _line_event(Position(tried, line), text)
            # A line may be written after the state: what is over is read once more.
            has_ended = state is not None and state.state in ENDED
            is_over = sight.is_over or latest > tried or has_ended
            if is_over and was_over:
                if one_try or latest <= tried:
                    yield _end(state.state if state else sight.run.state, Position(tried, line))
                    return
                tried, line, was_over = tried + 1, 0, False
                continue
            was_over = is_over
            await anyio.sleep(FRESH_SECONDS)


def _line_event(position: Position, line: LogLine) -> ServerSentEvent:
    body = {"try_number": position.tried, **READ_LINE.dump_python(line, mode="json")}
    return _event("line", body, position.event_id)


def _end(state: str, position: Position) -> ServerSentEvent:
    return _event("end", {"state": state, "try_number": position.tried}, position.event_id)


async def state_events(
    watch: Watch, run_id: str, last_id: str | None
) -> AsyncIterator[ServerSentEvent]:
    """A `snapshot`, then `run` and `task` as they change, and an `end` when the run has ended.

    Ids are digests of all the states: who resumes where nothing has changed gets no snapshot.
    """
    known: tuple[dict[str, Any], list[dict[str, Any]]] | None = None
    with watch.polls.stream():
        while True:
            sight = await watch.run(run_id)
            run = run_response(sight.run, sight.release, sight.held).model_dump(
                mode="json", by_alias=True
            )
            tasks = [
                TaskRunResponse.model_validate(s, from_attributes=True).model_dump(
                    mode="json", by_alias=True
                )
                for s in sight.tasks
            ]
            mark = _digest([run, tasks])
            if known is not None:
                for name, body in _changes(known, run, tasks):
                    yield _event(name, body, mark)
            elif mark != last_id:
                yield _event("snapshot", {"run": run, "tasks": tasks}, mark)
            known = run, tasks
            if sight.is_over:
                yield _event("end", {"state": sight.run.state}, mark)
                return
            await anyio.sleep(FRESH_SECONDS)


def _changes(
    known: tuple[dict[str, Any], list[dict[str, Any]]],
    run: dict[str, Any],
    tasks: list[dict[str, Any]],
) -> list[tuple[str, dict[str, Any]]]:
    before = {(task["task"], task["map_index"]): task for task in known[1]}
    changed = [
        ("task", task) for task in tasks if before.get((task["task"], task["map_index"])) != task
    ]
    return [*changed, *([("run", run)] if known[0] != run else [])]


def _digest(states: list[Any]) -> str:
    return hashlib.sha256(json.dumps(states, sort_keys=True).encode()).hexdigest()[:16]


def _event(name: str, body: dict[str, Any], event_id: str) -> ServerSentEvent:
    return ServerSentEvent(json.dumps(body), event=name, id=event_id, sep="\n")
