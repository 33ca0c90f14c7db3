"""A run as it goes on: its states and the lines of its tasks, by asking again and again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from taxiway.cli import display
from taxiway.client.http import TERMINAL, Json, TaxiwayClient
from taxiway.errors import Conflict, TaskFailed, TaxiwayError, Unavailable

INTERVAL = 0.4
PATIENCE = 60  # seconds without any answer
WAITING = ("pending", "scheduled", "queued")
ENDED = ("success", "failed", "upstream_failed", "skipped", "removed")
_PLATFORM = ("airflow", "task", "taxiway")
_LOUD = ("error", "critical")

Event = dict[str, Any]
Show = Callable[[Event], None]
Of = tuple[str, int]  # a task, and which of many elements it runs for, or -1


@dataclass
class Follower:
    """Yields each state and each line once. `lines` False leaves the lines out, `only` picks
    one task, `only_element` one of its elements and `only_try` one of its tries."""

    client: TaxiwayClient
    run_id: str
    lines: bool = True
    only: str | None = None
    only_element: int | None = None
    only_try: int | None = None
    run: Json = field(default_factory=dict)
    _states: dict[Of, tuple[str, int]] = field(default_factory=dict)
    _read: dict[tuple[Of, int], int] = field(default_factory=dict)
    _done: set[tuple[Of, int]] = field(default_factory=set)
    _late: set[tuple[Of, int]] = field(default_factory=set)

    def until_ended(self) -> Iterator[Event]:
        """Everything up to the run's end; what is unavailable for a while is asked for again."""
        answered = time.monotonic()
        while self.run.get("state") not in TERMINAL:
            try:
                yield from self.look()
                answered = time.monotonic()
            except Unavailable:  # Airflow may be slow to answer while it works
                if time.monotonic() - answered > PATIENCE:
                    raise
            if self.run.get("state") not in TERMINAL:
                time.sleep(INTERVAL)

    def look(self) -> Iterator[Event]:
        """What is new. The run is asked first: when it has ended, all that it wrote is there."""
        run = self.client.run(self.run_id)
        ended = run["state"] in TERMINAL
        if not ended and run["state"] != self.run.get("state"):
            yield {"event": "run", "run": run["id"], "state": run["state"]}
        for task in self.client.run_tasks(self.run_id):
            if self.only in (None, task["task"]) and self.only_element in (None, task["map_index"]):
                yield from self._task(task, ended=ended)
        if ended:
            yield {"event": "run", "run": run["id"], "state": run["state"]}
        self.run = run

    def _task(self, task: Json, *, ended: bool) -> Iterator[Event]:
        of, state, tried = (task["task"], task["map_index"]), task["state"], task["try_number"]
        before = self._states.get(of, ("", 0))
        fresh = before != (state, tried) and state not in WAITING
        if fresh and state == "running":
            yield _state(of, state, tried)
        if self.lines:
            over = ended or state in ENDED or state == "up_for_retry"
            yield from self._tries(of, tried, over=over, last=ended)
        if fresh and state != "running":
            yield _state(of, state, tried)
        self._states[of] = (state, tried)

    def _tries(self, of: Of, latest: int, *, over: bool, last: bool) -> Iterator[Event]:
        for number in range(1, latest + 1):
            key = (of, number)
            if key in self._done or self.only_try not in (None, number):
                continue
            yield from self._lines(of, number)
            if number < latest or last or (over and key in self._late):
                self._done.add(key)
            elif over:
                self._late.add(key)  # the last lines may be written after the state

    def _lines(self, of: Of, number: int) -> Iterator[Event]:
        task, element = of
        page = self.client.logs(
            self.run_id,
            task,
            after=self._read.get((of, number), 0),
            try_number=number,
            map_index=element if element >= 0 else None,
        )
        self._read[of, number] = page["next"]
        place = {"task": task, "map_index": element, "try_number": number}
        for line in page["lines"]:
            yield {"event": "line", **place, **line}


def _state(of: Of, state: str, tried: int) -> Event:
    task, element = of
    return {
        "event": "task",
        "task": task,
        "map_index": element,
        "state": state,
        "try_number": tried,
    }


def name_of(task: Json) -> str:
    """A task run of several of one task is told from the others."""
    return f"{task['task']}[{task['map_index']}]" if task["map_index"] >= 0 else str(task["task"])


def is_own(event: Event) -> bool:
    """Whether a line is the user's code's, or an error: what a person wants to see by default."""
    if event["event"] != "line" or event["level"] in _LOUD:
        return True
    return not str(event["stream"]).startswith(_PLATFORM)


def as_text(event: Event, *, width: int = 16) -> str:
    """An event as a line for people."""
    if event["event"] == "run":
        return f"run {event['run']}: {event['state']}"
    name = display.plain(name_of(event))
    if event["event"] == "line":
        return f"{name:<{width}} │ {display.plain(event['text'])}"
    again = f" (try {event['try_number']})" if event["try_number"] > 1 else ""
    return f"{name:<{width}} {event['state']}{again}"


def require_success(client: TaxiwayClient, run: Json) -> None:
    """Raise for a run that ended otherwise: `TaskFailed` (`run-failed`), or `Conflict`."""
    if run["state"] == "canceled":
        raise Conflict(
            "run-canceled",
            f"The run {run['id']} was cancelled",
            hint=f"`taxiway runs retry {run['id']}` goes on with it.",
        )
    if run["state"] != "failed":
        return
    try:
        failed = (t["task"] for t in client.run_tasks(run["id"]) if t["state"] == "failed")
        guilty = list(dict.fromkeys(failed))
    except TaxiwayError:
        guilty = []
    logs = f"`taxiway logs {run['id']} {guilty[0]}` shows why; " if guilty else ""
    raise TaskFailed(
        "run-failed",
        f"The run {run['id']} failed" + (f" in {', '.join(guilty)}" if guilty else ""),
        hint=f"{logs}`taxiway runs retry {run['id']}` goes on from there.",
    )
