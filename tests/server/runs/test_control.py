"""Runs that are started for a date, started again, and made up for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from taxiway.server.database import RunRow

pytestmark = pytest.mark.integration

CHAIN = {"load": [], "train": ["load"], "report": ["train"], "other": []}


@pytest.fixture
def chain(live: Any) -> Any:
    made = live.workflow()
    for name, dependencies in CHAIN.items():
        live.task(made, name, dependencies=dependencies)
    live.deploy(made)
    return made


def states_of(live: Any, run: Any) -> dict[str, tuple[str, int]]:
    items = live.get(f"/runs/{run['id']}/tasks")["items"]
    return {task["task"]: (task["state"], task["try_number"]) for task in items}


def retry(live: Any, run: Any, *tasks: str, status: int = 200) -> Any:
    return live.post(f"/runs/{run['id']}/retry", {"tasks": tasks} if tasks else None, status)


def done(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, "success")


def test_what_failed_runs_again_with_all_that_follows(live: Any, chain: Any) -> None:
    run = live.trigger(chain)
    states = {"train": "failed", "report": "upstream_failed"}
    live.end(run, "failed", states={**states, **done("load", "other")})
    assert live.get(f"/runs/{run['id']}")["state"] == "failed"
    again = retry(live, run)
    assert (again["state"], again["ended_at"], again["release"]) == ("running", None, 1)
    assert states_of(live, run) == {
        "load": ("success", 1),
        "other": ("success", 1),
        "train": ("running", 2),
        "report": ("running", 2),
    }


def test_a_retry_after_a_cancel_takes_what_was_skipped_and_is_no_cancel_any_more(
    live: Any, chain: Any
) -> None:
    run = live.trigger(chain)
    live.post(f"/runs/{run['id']}/cancel", status=200)
    states = {"load": "success", "train": "failed", "report": "skipped", "other": "skipped"}
    live.end(run, "failed", states=states)
    assert live.get(f"/runs/{run['id']}")["state"] == "canceled"
    assert retry(live, run)["state"] == "running"
    assert states_of(live, run) == {
        "load": ("success", 1),
        "train": ("running", 2),
        "report": ("running", 2),
        "other": ("running", 2),
    }
    with live.database.reading() as session:
        assert session.get_one(RunRow, run["id"]).cancel_requested_at is None
    live.end(run, "failed", states=dict.fromkeys(CHAIN, "failed"))
    assert live.get(f"/runs/{run['id']}")["state"] == "failed"


def test_a_cancel_holds_where_airflows_scheduler_calls_the_rest_a_success(
    live: Any, chain: Any
) -> None:
    run = live.trigger(chain)
    live.post(f"/runs/{run['id']}/cancel", status=200)
    states = {"load": "success", "train": "failed", "report": "skipped", "other": "skipped"}
    live.end(run, "success", states=states)
    assert live.get(f"/runs/{run['id']}")["state"] == "canceled"
    assert retry(live, run)["state"] == "running"


def test_a_retry_of_some_takes_what_follows_them(live: Any, chain: Any) -> None:
    run = live.trigger(chain)
    live.end(run, "failed", states=dict.fromkeys(CHAIN, "failed"))
    retry(live, run, "train")
    assert states_of(live, run) == {
        "load": ("failed", 1),
        "train": ("running", 2),
        "report": ("running", 2),
        "other": ("failed", 1),
    }


def test_a_retry_is_refused_by_name(live: Any, chain: Any) -> None:
    run = live.trigger(chain)
    assert retry(live, run, status=409)["code"] == "run-active"
    live.end(run, "success", states=done(*CHAIN))
    assert retry(live, run, status=409)["code"] == "nothing-failed"
    failed = live.trigger(chain)
    live.end(failed, "failed", states={**done(*CHAIN), "train": "failed"})
    unknown = retry(live, failed, "train", "gone", status=422)
    assert (unknown["code"], unknown["errors"][0]["pointer"]) == ("task-not-found", "/tasks/1")
    path = f"/runs/{failed['id']}/retry"
    assert live.post(path, {"tasks": []}, 422)["code"] == "field-length"
    live.orchestrator._runs.clear()
    assert live.post(path, status=409)["code"] == "run-forgotten"
    assert live.post("/runs/gone/retry", status=404)["code"] == "run-not-found"


def test_a_run_stands_for_a_date_once(live: Any, chain: Any) -> None:
    run = live.trigger(chain, logical_date="2026-01-31T07:00:00+01:00")
    assert run["logical_date"] == "2026-01-31T06:00:00Z"
    path = f"/workflows/{chain['id']}/runs"
    taken = live.post(path, {"logical_date": "2026-01-31T06:00:00Z"}, 409)
    assert taken["code"] == "logical-date-taken"
    assert live.get(path)["total"] == 1
    naive = live.post(path, {"logical_date": "2026-01-31T06:00:00"}, 422)
    assert naive["errors"][0]["field"] == "logical_date"
    far = live.post(path, {"logical_date": "0001-01-01T00:00:00+14:00"}, 422)
    assert far["code"] == "moment-refused"


def test_a_date_before_the_schedule_begins_would_run_nothing(live: Any) -> None:
    made = live.inline(schedule="@daily")
    live.deploy(made)
    path = f"/workflows/{made['id']}/runs"
    refused = live.post(path, {"logical_date": "2026-01-01T00:00:00Z"}, 422)
    assert refused["code"] == "logical-date-before-schedule"
    assert "backfills" in refused["hint"]


def test_params_are_checked_against_the_functions_before_anything_starts(live: Any) -> None:
    origin = live.repository({"a.py": "def f(epochs, /, context, rate=1): ...\n"})
    made = live.workflow(git_repository=origin.url)
    live.task(made, "one", script_path="a.py", function_name="f", params={"epochs": 1})
    live.task(made, "two", python_callable="def two(x): ...", params={"x": 1})
    live.task(made, "any")
    live.deploy(made)
    path = f"/workflows/{made['id']}/runs"
    one = live.post(path, {"params": {"one": {"rate": 2, "a/b": 1}}}, 422)
    assert (one["code"], one["errors"][0]["pointer"]) == ("param-not-taken", "/params/one/a~1b")
    assert "epochs, rate" in one["hint"]
    several = live.post(path, {"params": {"one": {"context": 1}, "two": {"y": 2}}}, 422)
    assert several["code"] == "params-refused"
    assert [e["pointer"] for e in several["errors"]] == ["/params/one/context", "/params/two/y"]
    assert live.get(path)["total"] == 0
    assert live.orchestrator.calls == []
    live.trigger(made, params={"one": {"rate": 2}, "two": {"x": 3}, "any": {"z": 1}})


def test_a_backfill_is_rehearsed_and_made(live: Any) -> None:
    made = live.inline(schedule="@daily", timezone="Europe/Berlin")
    live.deploy(made)
    path = f"/workflows/{made['id']}/backfills"
    first = datetime(2026, 1, 1, tzinfo=UTC)
    asked = {"from": first.isoformat(), "to": (first + timedelta(days=2)).isoformat()}
    dry = live.post(path, {**asked, "dry_run": True}, 200)
    assert (dry["id"], dry["dry_run"], dry["total"]) == (None, True, 1)
    assert live.orchestrator.calls == []
    begun = live.post(path, {**asked, "params": {"load": {"x": 1}}})
    assert (begun["id"], begun["logical_dates"]) == (1, ["2026-01-01T00:00:00Z"])
    [told] = live.get(path)["items"]
    assert (told["id"], told["params"], told["state"]) == (1, {"load": {"x": 1}}, "running")
    assert (told["from"], told["ended_at"]) == ("2026-01-01T00:00:00Z", None)
    live.machinery.mirror.step()
    [run] = live.get(f"/workflows/{made['id']}/runs")["items"]
    assert run["params"] == {"load": {"x": 1}}


def test_a_backfill_is_refused_by_name(live: Any, chain: Any) -> None:
    days = {"from": "2026-01-01T00:00:00Z", "to": "2026-01-03T00:00:00Z"}
    plain = f"/workflows/{chain['id']}/backfills"
    assert live.post(plain, days, 422)["code"] == "workflow-has-no-schedule"
    made = live.inline("hourly", schedule="@hourly")
    path = f"/workflows/{made['id']}/backfills"
    assert live.post(path, days, 409)["code"] == "workflow-not-deployed"
    live.deploy(made)
    turned = {"from": days["to"], "to": days["from"]}
    assert live.post(path, turned, 422)["code"] == "backfill-range"
    much = live.post(path, {**days, "to": "2026-03-01T00:00:00Z"}, 422)
    assert (much["code"], much["limit"]) == ("backfill-too-large", 1000)
    unknown = live.post(path, {**days, "params": {"gone": {}}}, 422)
    assert unknown["errors"][0]["pointer"] == "/params/gone"
    live.patch(made, is_active=False)
    assert live.post(path, days, 409)["code"] == "workflow-inactive"
