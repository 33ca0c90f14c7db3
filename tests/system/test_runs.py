"""Runs under control on a real Airflow: followed live, retried after a cancel, made up for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pilot import Gate, Pilot, until

from taxiway.errors import Conflict


def task(name: str, body: str, *dependencies: str) -> dict[str, Any]:
    source = f"def {name}():\n    {body}\n"
    return {"name": name, "python_callable": source, "dependencies": dependencies}


def test_a_canceled_run_is_retried_and_followed_to_its_end(pilot: Pilot, gate: Gate) -> None:
    client = pilot.client
    workflow = pilot.workflow(
        task("load", "return 1"),
        {"name": "wait", "python_callable": gate.source(), "dependencies": ["load"]},
        task("report", "print('all done')\n    return 2", "wait"),
        max_active_runs=2,
    )
    pilot.deploy(workflow)
    date = "2026-01-31T06:00:00Z"
    address = f"{client.server_url}/api/v1/workflows/{workflow}/runs"
    asked = {"X-Request-ID": "asked-by-a-test"}
    run = httpx.post(address, json={"logical_date": date}, headers=asked, timeout=60).json()
    with pytest.raises(Conflict, match="has a run for"):
        client.trigger(workflow, logical_date=date)
    gate.wait_until_reached()
    with pytest.raises(Conflict, match="in progress"):
        client.retry_run(run["id"])
    client.cancel_run(run["id"])
    assert pilot.end_of(run["id"])["state"] == "canceled"
    assert pilot.states(run["id"])["report"] in ("skipped", "pending")
    gate.open()
    assert client.retry_run(run["id"])["state"] in ("queued", "running")

    changes = list(client.follow_run(run["id"]))
    assert (changes[0][0], changes[-1]) == ("snapshot", ("end", {"state": "success"}))
    lines = [body.get("text") for _, body in client.follow_log(run["id"], "report")]
    assert "all done" in lines
    assert any("asked-by-a-test" in str(line) for line in lines)
    tasks = {t["task"]: t for t in client.run_tasks(run["id"])}
    assert tasks["load"]["try_number"] == 1  # it had ended well
    assert tasks["wait"]["try_number"] == 2
    check_timings(tasks["report"])


def check_timings(found: dict[str, Any]) -> None:
    timings = found["timings"]
    assert None not in timings.values(), timings
    spent = sum(seconds for name, seconds in timings.items() if name != "queued")
    assert spent == pytest.approx(found["duration"], abs=0.2)


def test_a_task_that_failed_tells_its_timings_and_a_backfill_makes_up_for_ticks(
    pilot: Pilot,
) -> None:
    client = pilot.client
    workflow = pilot.workflow(task("fail", "raise ValueError('no')"), schedule="@daily")
    pilot.deploy(workflow)
    last = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(2)
    ends = {"from": (last - timedelta(days=1)).isoformat(), "to": last.isoformat()}
    planned = client.backfill(workflow, dry_run=True, **ends)
    assert (planned["id"], planned["total"]) == (None, 2)
    begun = client.backfill(workflow, **ends)
    assert begun["logical_dates"] == planned["logical_dates"]
    runs = until(lambda: ended(client.runs(workflow), 2), "both runs ended")
    assert {run["trigger"] for run in runs} == {"backfill"}
    assert {run["state"] for run in runs} == {"failed"}
    [failed] = client.run_tasks(runs[0]["id"])
    check_timings(failed)


def ended(runs: Any, count: int) -> list[Any]:
    found = [run for run in runs if run["ended_at"]]
    return found if len(found) == count else []
