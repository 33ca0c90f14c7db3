"""Where the time of a task run went."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from taxiway.errors import Unavailable
from taxiway.server.orchestrator.port import TaskState
from taxiway.server.runs.timings import timed, timings_of

BEGUN = datetime(2026, 1, 1, tzinfo=UTC)


def task(
    state: str = "success", queued: float = 0, started: float = 1, ended: float = 4
) -> TaskState:
    moments = [BEGUN + timedelta(seconds=s) for s in (queued, started, ended)]
    return TaskState("load", state, 1, *moments, ended - started)


class Told:
    def __init__(self, timings: dict[str, dict[str, float]] | None) -> None:
        self.answer = timings
        self.calls = 0

    def timings(self, dag_id: str, airflow_run_id: str) -> dict[str, dict[str, float]]:
        self.calls += 1
        if self.answer is None:
            raise Unavailable("airflow-slow", "no answer")
        return self.answer


def test_what_the_task_did_not_spend_airflow_did() -> None:
    told = {"snapshot": 0.5, "start": 0.25, "function": 2.0}
    assert timings_of(task(), told) == {"queued": 1.0, "airflow": 0.25, **told}
    assert timings_of(task(), {"function": 9.0})["airflow"] == 0
    assert timings_of(task(), {}) == {"queued": 1.0}


@pytest.mark.parametrize(("tasks", "calls"), [([task("running")], 0), ([task(), task()], 1)])
def test_a_run_costs_one_call_at_most(tasks: list[TaskState], calls: int) -> None:
    told: Any = Told({"load": {"function": 1.0}})
    found = timed(told, "d", "r", tasks)
    assert told.calls == calls
    assert [t.timings is not None for t in found] == [t.state == "success" for t in tasks]


def test_states_are_told_where_timings_are_not() -> None:
    lost: Any = Told(None)
    [found] = timed(lost, "d", "r", [task("failed")])
    assert (found.state, found.timings) == ("failed", {"queued": 1.0})
