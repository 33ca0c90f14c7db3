"""The whole graph at once, or nothing."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

pytestmark = pytest.mark.integration

CODE = {"python_callable": "def f(**kw): pass"}


def item(name: str, *dependencies: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "dependencies": list(dependencies), **CODE, **fields}


@pytest.fixture
def path(any_client: TestClient) -> str:
    made = any_client.post("/api/v1/workflows", json={"name": "digits"}).json()
    return f"/api/v1/workflows/{made['id']}/tasks"


def put(client: TestClient, path: str, *items: dict[str, Any]) -> list[dict[str, Any]]:
    answer = client.put(path, json=list(items))
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def test_the_graph_is_as_given_in_its_order_with_references_forward(
    any_client: TestClient, path: str
) -> None:
    made = put(any_client, path, item("c", "b", "a"), item("b", "a"), item("a", params={"x": 1}))
    assert [(task["name"], task["dependencies"]) for task in made] == [
        ("c", ["b", "a"]),
        ("b", ["a"]),
        ("a", []),
    ]
    listed = any_client.get("/api/v1/tasks", params={"workflow_id": made[0]["workflow_id"]})
    assert listed.json()["items"] == made


def test_names_that_stay_keep_their_ids_and_the_others_go(
    any_client: TestClient, path: str
) -> None:
    before = {task["name"]: task for task in put(any_client, path, item("a"), item("b", "a"))}
    after = {task["name"]: task for task in put(any_client, path, item("n", "b"), item("b"))}
    assert after.keys() == {"n", "b"}
    assert after["b"]["id"] == before["b"]["id"] and after["b"]["dependencies"] == []
    assert any_client.get(f"/api/v1/tasks/{before['a']['id']}").status_code == 404


def test_what_was_read_can_be_put_back_and_changes_nothing(
    any_client: TestClient, path: str
) -> None:
    made = put(any_client, path, item("b", "a"), item("a"))
    assert put(any_client, path, *made) == made


def test_everything_that_is_wrong_is_told_at_once_and_nothing_changes(
    any_client: TestClient, path: str
) -> None:
    before = put(any_client, path, item("a"), item("b", "a"))
    answer = any_client.put(
        path,
        json=[
            item("a", "b", "nope"),
            item("b", "a"),
            item("b"),
            {"name": "neither"},
            item("both", script_path="x.py"),
            item("self", "self"),
            item("foreign", workflow_id="another"),
        ],
    )
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "validation-failed")
    assert {(entry["pointer"], entry["code"]) for entry in problem["errors"]} == {
        ("/0/dependencies/1", "dependency-unknown"),
        ("/2/name", "task-name-taken"),
        ("/3", "execution-mode-missing"),
        ("/4", "execution-mode-ambiguous"),
        ("/5/dependencies/0", "dependency-on-itself"),
        ("/6/workflow_id", "field-read-only"),
    }
    workflow_id = before[0]["workflow_id"]
    listed = any_client.get("/api/v1/tasks", params={"workflow_id": workflow_id})
    assert listed.json()["items"] == before


def test_a_cycle_is_told_with_its_path(any_client: TestClient, path: str) -> None:
    answer = any_client.put(path, json=[item("x"), item("a", "b"), item("b", "a")])
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "dependency-cycle")
    assert problem["errors"][0]["pointer"] in ("/1/dependencies", "/2/dependencies")
    assert "a → b" in problem["detail"] or "b → a" in problem["detail"]


def test_fields_are_refused_with_their_place_in_the_list(any_client: TestClient, path: str) -> None:
    answer = any_client.put(path, json=[item("ok"), item("no good!", retry_count=-1, colour=1)])
    assert {entry["pointer"] for entry in answer.json()["errors"]} == {
        "/1/name",
        "/1/retry_count",
        "/1/colour",
    }


def test_an_empty_list_removes_all(any_client: TestClient, path: str) -> None:
    put(any_client, path, item("a"), item("b", "a"))
    assert put(any_client, path) == []


def test_the_etag_of_the_workflow_guards_the_graph(any_client: TestClient, path: str) -> None:
    workflow = path.removesuffix("/tasks")
    seen = any_client.get(workflow).headers["etag"]
    first = any_client.put(path, json=[item("a")], headers={"If-Match": seen})
    assert first.headers["etag"] == any_client.get(workflow).headers["etag"]
    second = any_client.put(path, json=[item("b")], headers={"If-Match": seen})
    assert (second.status_code, second.json()["changed_fields"]) == (412, ["tasks"])
    third = any_client.put(path, json=[], headers={"If-Match": first.headers["etag"]})
    assert third.status_code == 200


def test_a_workflow_that_is_not_there_has_no_graph(any_client: TestClient) -> None:
    answer = any_client.put("/api/v1/workflows/nope/tasks", json=[])
    assert (answer.status_code, answer.json()["code"]) == (404, "workflow-not-found")


def test_the_list_may_come_under_its_name(any_client: TestClient, path: str) -> None:
    assert any_client.put(path, json={"tasks": [item("a")]}).json()["total"] == 1
    refused = any_client.put(path, json={"tasks": [item("b")], "more": 1})
    assert refused.json()["code"] == "field-type"
