"""Runs through the HTTP door: started, followed, ended, and kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from taxiway.errors import NotFound, Unavailable
from taxiway.server.database import RunRow

pytestmark = pytest.mark.integration


@pytest.fixture
def deployed(live: Any) -> Any:
    made = live.workflow()
    live.task(made, "load")
    live.task(made, "train_model", dependencies=["load"], params={"epochs": 1})
    live.deploy(made)
    return made


def test_there_is_nothing_to_run_before_the_first_deploy(live: Any) -> None:
    made = live.inline()
    body = live.post(f"/workflows/{made['id']}/runs", status=409)
    assert body["code"] == "workflow-not-deployed"
    assert "deploy" in body["hint"]
    assert live.get(f"/workflows/{made['id']}/runs")["total"] == 0
    assert live.get("/workflows/none/runs", 404)["code"] == "workflow-not-found"


def test_a_run_is_given_params_by_task(live: Any, deployed: Any) -> None:
    run = live.trigger(deployed, params={"train_model": {"epochs": 3}})
    assert (run["state"], run["release"], run["trigger"]) == ("running", 1, "manual")
    assert run["params"] == {"train_model": {"epochs": 3}}
    state = live.orchestrator.run(run["dag_id"], run["airflow_run_id"])
    assert state.conf["taxiway"]["params"] == {"train_model": {"epochs": 3}}
    path = f"/workflows/{deployed['id']}/runs"
    refused = live.post(path, {"params": {"gone": {}, "load": {}}}, 422)
    assert (refused["code"], refused["errors"][0]["field"]) == ("params-refused", "params.gone")
    assert live.post(path, {"parameters": {}}, 422)["code"] == "field-unknown"
    assert live.get(path)["total"] == 1


def test_a_run_keeps_its_release_and_commit_after_a_redeploy(live: Any) -> None:
    origin = live.repository({"a.py": "def f(): ...\n"})
    made = live.workflow(git_repository=origin.url)
    live.task(made, "one", script_path="a.py", function_name="f")
    first = live.deploy(made)
    run = live.trigger(made)
    origin.commit({"a.py": "def f(): return 2\n"})
    second = live.deploy(made)
    later = live.trigger(made)
    live.end(run)
    kept = live.get(f"/runs/{run['id']}")
    assert (kept["release"], kept["commit"]) == (1, first["commit"])
    assert kept["git_commit_sha"] == first["commit"]
    assert kept["release_digest"] == first["digest"]
    assert (later["release"], later["commit"]) == (2, second["commit"])
    listed = live.get(f"/workflows/{made['id']}/runs?limit=1")
    assert [r["id"] for r in listed["items"]] == [later["id"]]
    rest = live.get(f"/workflows/{made['id']}/runs?cursor={listed['next_cursor']}")
    assert [r["id"] for r in rest["items"]] == [run["id"]]
    assert live.get("/runs")["total"] == 2
    bad = live.get("/runs?cursor=WyJ4IiwieSJd", 422)
    assert bad["code"] == "cursor-refused"


def test_a_run_is_followed_to_its_end_with_tasks_logs_and_values(live: Any, deployed: Any) -> None:
    run = live.trigger(deployed)
    path = f"/runs/{run['id']}"
    lines = {"train_model": ["one", "two"], "load": []}
    live.end(run, values={"train_model": {"accuracy": 0.9}, "load": None}, logs=lines)
    ended = live.get(path)
    assert ended["state"] == "success"
    assert ended["ended_at"] is not None
    tasks = live.get(f"{path}/tasks")
    assert [(t["task"], t["state"]) for t in tasks["items"]] == [
        ("load", "success"),
        ("train_model", "success"),
    ]
    log = live.get(f"{path}/tasks/train_model/logs")
    assert [(line["text"], line["stream"]) for line in log["lines"]] == [
        ("one", "stdout"),
        ("two", "stdout"),
    ]
    assert (log["next"], log["try_number"]) == (2, 1)
    rest = live.get(f"{path}/tasks/train_model/logs?after=1")
    assert ([line["text"] for line in rest["lines"]], rest["next"]) == (["two"], 2)
    text = live.client.get(
        f"/api/v1{path}/tasks/train_model/logs", headers={"Accept": "text/plain"}
    )
    assert text.text == "one\ntwo\n"
    value = live.get(f"{path}/tasks/train_model/value")
    assert value["task"] == "train_model" and value["value"] == {"accuracy": 0.9}


def test_what_is_not_there_is_said_by_name(live: Any, deployed: Any) -> None:
    run = live.trigger(deployed)
    path = f"/runs/{run['id']}"
    assert live.get(f"{path}/tasks/load/value", 404)["code"] == "value-not-found"
    assert live.get(f"{path}/tasks/gone/logs", 404)["code"] == "task-not-found"
    assert live.get(f"{path}/tasks/%2e%2e/logs?try=1", 404)["code"] == "task-not-found"
    assert live.get(f"{path}/tasks/%2e%2e/value", 404)["code"] == "task-not-found"
    assert live.get("/runs/gone", 404)["code"] == "run-not-found"
    assert live.get("/runs/gone/tasks", 404)["code"] == "run-not-found"


def test_canceled_is_told_from_failed(live: Any, deployed: Any) -> None:
    run, other, done = (live.trigger(deployed) for _ in range(3))
    assert live.post(f"/runs/{run['id']}/cancel", status=200)["state"] == "canceled"
    assert live.get(f"/runs/{run['id']}")["state"] == "canceled"
    live.end(other, "failed")
    assert live.get(f"/runs/{other['id']}")["state"] == "failed"
    live.end(done)  # our record still says that it runs
    calls = len(live.orchestrator.calls)
    body = live.post(f"/runs/{done['id']}/cancel", status=409)
    assert (body["code"], len(live.orchestrator.calls)) == ("run-ended", calls)
    assert live.get(f"/runs/{done['id']}")["state"] == "success"


def test_while_airflow_is_down_the_record_answers(live: Any, deployed: Any) -> None:
    run = live.trigger(deployed)
    live.orchestrator.down = True
    assert live.get(f"/runs/{run['id']}")["state"] == "running"
    assert live.get(f"/runs/{run['id']}/tasks", 503)["code"] == "airflow-unreachable"
    log = live.client.get(f"/api/v1/runs/{run['id']}/tasks/load/logs?after=7")
    assert (log.status_code, log.headers["retry-after"]) == (503, "5")
    body = live.post(f"/workflows/{deployed['id']}/runs", status=503)
    assert body["code"] == "airflow-unreachable"
    assert live.get(f"/workflows/{deployed['id']}/runs")["total"] == 1
    live.orchestrator.down = False
    live.end(run, values={"load": 1})
    live.eventually(
        lambda: live.get(f"/workflows/{deployed['id']}/runs")["items"][0]["state"] == "success"
    )


def test_the_record_outlives_airflows_own(live: Any, deployed: Any) -> None:
    run, unseen = live.trigger(deployed), live.trigger(deployed)
    live.end(run, values={"load": 1, "train_model": 2})
    assert live.get(f"/runs/{run['id']}")["state"] == "success"
    live.orchestrator._runs.clear()
    tasks = live.get(f"/runs/{run['id']}/tasks")["items"]
    assert [(t["task"], t["state"]) for t in tasks] == [
        ("load", "success"),
        ("train_model", "success"),
    ]
    assert live.get(f"/runs/{run['id']}/tasks/load/logs?try=2")["lines"] == []
    tasks = live.get(f"/runs/{unseen['id']}/tasks")["items"]
    assert [(t["task"], t["state"]) for t in tasks] == [
        ("load", "pending"),
        ("train_model", "pending"),
    ]
    log = live.get(f"/runs/{unseen['id']}/tasks/load/logs")
    assert (log["lines"], log["try_number"]) == ([], 0)


def test_a_run_that_airflow_does_not_have_is_closed(live: Any, deployed: Any) -> None:
    with live.database.writing() as session:
        for name, age in (("old", 5), ("fresh", 0)):
            row = RunRow(
                id=name,
                workflow_id=deployed["id"],
                workflow_name="digits",
                dag_id="digits",
                airflow_run_id=f"taxiway__{name}",
                created_at=datetime.now(UTC) - timedelta(minutes=age),
            )
            session.add(row)
    live.machinery.mirror.sweep()
    assert live.get("/runs/old")["state"] == "failed"
    assert live.get("/runs/fresh")["state"] == "queued"


def test_a_run_whose_answer_was_lost_is_found_again_under_its_id(
    live: Any, deployed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = live.orchestrator.trigger

    def lost(*given: Any, **named: Any) -> Any:
        real(*given, **named)
        live.orchestrator.down = True
        raise Unavailable("airflow-slow", "no answer")

    monkeypatch.setattr(live.orchestrator, "trigger", lost)
    live.post(f"/workflows/{deployed['id']}/runs", {"params": {"load": {"x": 1}}}, 503)
    live.orchestrator.down = False
    [run] = live.eventually(lambda: live.get(f"/workflows/{deployed['id']}/runs")["items"])
    assert run["airflow_run_id"] == f"taxiway__{run['id']}"
    assert (run["params"], run["release"]) == ({"load": {"x": 1}}, 1)


def test_a_dag_that_airflow_lost_is_unavailable_and_leaves_no_run(
    live: Any, deployed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*given: Any, **named: Any) -> Any:
        raise NotFound("airflow-not-found", "no DAG")

    monkeypatch.setattr(live.orchestrator, "trigger", gone)
    body = live.post(f"/workflows/{deployed['id']}/runs", status=503)
    assert body["code"] == "airflow-behind"
    assert live.get(f"/workflows/{deployed['id']}/runs")["total"] == 0


def test_runs_that_were_started_in_airflow_are_read_whatever_they_hold(
    live: Any, deployed: Any
) -> None:
    confs: tuple[Any, ...] = ({"taxiway": "x"}, {"taxiway": {"params": [1]}}, {"a": 1}, {})
    for number, conf in enumerate(confs):
        live.orchestrator.trigger("digits", f"manual__{number}", conf=conf)
    live.orchestrator.trigger("digits", "taxiway__not-one-of-ours", conf={})
    live.machinery.mirror.step()
    runs = live.get(f"/workflows/{deployed['id']}/runs")["items"]
    assert len(runs) == 5
    assert all(run["params"] == {} and run["release"] == 1 for run in runs)


def test_a_run_that_ended_does_not_run_again_by_an_old_answer(live: Any, deployed: Any) -> None:
    run = live.trigger(deployed)
    old = live.orchestrator.run(run["dag_id"], run["airflow_run_id"])
    live.end(run)
    assert live.get(f"/runs/{run['id']}")["state"] == "success"
    live.machinery.mirror.update(old)
    assert live.get(f"/workflows/{deployed['id']}/runs")["items"][0]["state"] == "success"


def test_a_run_of_equal_content_stays_with_the_release_it_began_with(
    live: Any, deployed: Any
) -> None:
    run = live.trigger(deployed)
    live.deploy(deployed)
    live.end(run)
    assert live.get(f"/runs/{run['id']}")["release"] == 1
    assert live.trigger(deployed)["release"] == 2
