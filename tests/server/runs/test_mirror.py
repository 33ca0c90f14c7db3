"""The record of runs goes on where it was, however long nobody wrote it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest

from taxiway.server.database import now
from taxiway.server.orchestrator.port import RunState
from taxiway.server.runs import queries
from taxiway.server.runs.mirror import CURSOR, OVERLAP

pytestmark = pytest.mark.integration


def test_a_new_server_reads_on_from_where_the_last_one_stopped(
    start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = start()
    made = first.inline()
    first.deploy(made)
    run = first.trigger(made)
    first.machinery.mirror.step()
    first.machinery.stop()
    stopped = now() - timedelta(days=3)
    with first.database.writing() as session:
        queries.move_cursor(session, CURSOR, stopped)
    first.end(run, values={"load": 1})
    first.orchestrator.trigger(made["dag_id"], "scheduled__meanwhile", conf={})
    asked: list[datetime] = []
    read = first.orchestrator.runs_changed_since

    def listen(moment: datetime) -> Sequence[RunState]:
        asked.append(moment)
        found: Sequence[RunState] = read(moment)
        return found

    monkeypatch.setattr(first.orchestrator, "runs_changed_since", listen)
    second = start()
    second.eventually(lambda: second.get(f"/workflows/{made['id']}/runs")["total"] == 2)
    assert asked[0] == stopped - OVERLAP
    states = {r["id"]: r["state"] for r in second.get(f"/workflows/{made['id']}/runs")["items"]}
    assert states.pop(run["id"]) == "success"
    assert list(states.values()) == ["running"]
    second.eventually(lambda: len(asked) > 1)
    assert asked[1] > stopped + timedelta(days=2)


def test_history_outlives_the_workflow_and_airflows_clean_up(live: Any) -> None:
    made = live.inline()
    live.deploy(made)
    run = live.trigger(made)
    live.end(run, "failed", values={"load": None})
    assert live.get(f"/runs/{run['id']}")["state"] == "failed"
    assert live.client.delete(f"/api/v1/workflows/{made['id']}").status_code == 204
    live.orchestrator._runs.clear()
    live.machinery.mirror.step()
    live.machinery.mirror.sweep()
    (kept,) = live.get(f"/workflows/{made['id']}/runs?state=failed")["items"]
    assert (kept["id"], kept["state"], kept["release"]) == (run["id"], "failed", 1)
    assert live.get(f"/runs/{run['id']}/tasks")["items"][0]["state"] == "failed"
    assert live.get(f"/workflows/{made['id']}/runs?state=success")["items"] == []
