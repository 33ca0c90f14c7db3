"""Many runs with their tasks in one request, and the graph that a run was sealed with."""

from __future__ import annotations

from typing import Any

import pytest

from taxiway.errors import Unavailable
from taxiway.server.runs.overview import worst


def test_the_worst_of_many_elements_is_shown() -> None:
    assert worst(["success", "failed", "running"]) == "failed"
    assert worst(["success", "running", "success"]) == "running"
    assert worst(["success", "success"]) == "success"
    assert worst(["something-new"]) == "something-new"


@pytest.mark.integration
def test_a_grid_shows_runs_and_all_their_tasks_in_one_request(
    live: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = live.workflow()
    live.task(made, "load")
    live.task(made, "train_model", dependencies=["load"], params={"epochs": 1})
    live.deploy(made)
    first = live.trigger(made)
    live.end(first, values={"load": 1, "train_model": 2})
    assert live.get(f"/runs/{first['id']}")["state"] == "success"
    second = live.trigger(made, params={"train_model": {"epochs": 9}})
    path = f"/workflows/{made['id']}/grid"
    grid = live.get(path)
    assert grid["tasks"] == ["load", "train_model"]
    assert [run["id"] for run in grid["items"]] == [second["id"], first["id"]]
    assert grid["items"][1]["states"] == {"load": "success", "train_model": "success"}
    assert set(grid["items"][0]["states"]) == {"load", "train_model"}
    assert live.get(f"{path}?state=success")["total"] == 1
    assert live.get("/workflows/none/grid", 404)["code"] == "workflow-not-found"

    graph = live.get(f"/runs/{second['id']}/graph")["items"]
    assert [(task["name"], task["dependencies"]) for task in graph] == [
        ("load", []),
        ("train_model", ["load"]),
    ]
    assert graph[1]["params"] == {"epochs": 9}

    def down(*_: Any) -> Any:
        raise Unavailable("airflow-unreachable", "Airflow does not answer")

    monkeypatch.setattr(live.orchestrator, "tasks", down)
    assert live.get(path)["items"][0]["states"] == {}


@pytest.mark.integration
def test_a_run_keeps_its_graph_when_the_workflow_is_declared_otherwise(live: Any) -> None:
    made = live.workflow()
    task = live.task(made, "load")
    live.task(made, "train_model", dependencies=["load"])
    live.deploy(made)
    run = live.trigger(made)
    changed = [{"name": "load", "python_callable": task["python_callable"]}]
    put = live.client.put(f"/api/v1/workflows/{made['id']}/tasks", json=changed)
    assert put.status_code == 200
    graph = live.get(f"/runs/{run['id']}/graph")
    assert [one["name"] for one in graph["items"]] == ["load", "train_model"]


@pytest.mark.integration
def test_the_graph_of_a_release_tells_what_functions_take(live: Any) -> None:
    made = live.workflow()
    live.task(made, "load")
    code = "def train_model(context, load, epochs: int = 3):\n    return epochs\n"
    trained = {"dependencies": ["load"], "params": {"epochs": 2}, "python_callable": code}
    live.task(made, "train_model", **trained)
    live.deploy(made)
    live.client.put(f"/api/v1/workflows/{made['id']}/tasks", json=[])
    load, train = live.get(f"/workflows/{made['id']}/releases/1/graph")["items"]
    assert (load["name"], train["name"]) == ("load", "train_model")
    assert train["params"] == {"epochs": 2}
    taken = train["params_schema"]["properties"]
    assert taken["epochs"] == {"type": "integer", "default": 3}
    assert "context" not in taken
    unknown = live.get(f"/workflows/{made['id']}/releases/9/graph", 404)
    assert unknown["code"] == "release-not-found"
