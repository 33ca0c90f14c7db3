"""No edit is lost under another one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

INLINE = {"python_callable": "def f(): pass"}


@pytest.fixture
def workflow(any_client: TestClient) -> dict[str, Any]:
    made: dict[str, Any] = any_client.post("/api/v1/workflows", json={"name": "digits"}).json()
    return made


@pytest.fixture
def task(any_client: TestClient, workflow: dict[str, Any]) -> dict[str, Any]:
    body = {"workflow_id": workflow["id"], "name": "load", **INLINE}
    made: dict[str, Any] = any_client.post("/api/v1/tasks", json=body).json()
    return made


@pytest.fixture(params=["workflows", "tasks"])
def path(request: pytest.FixtureRequest, workflow: dict[str, Any], task: dict[str, Any]) -> str:
    found = {"workflows": workflow, "tasks": task}[request.param]
    return f"/api/v1/{request.param}/{found['id']}"


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
def test_an_edit_on_top_of_what_was_changed_is_refused_and_says_what_and_who(
    any_client: TestClient, path: str, method: str
) -> None:
    seen = any_client.get(path).headers["etag"]
    ada = {"X-Taxiway-Actor": "ada"}
    changed = any_client.patch(path, json={"env": {"A": "1"}, "name": "other"}, headers=ada)
    body = {"name": "mine"} if method != "DELETE" else None
    answer = any_client.request(method, path, json=body, headers={"If-Match": seen})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (412, "edit-conflict")
    assert problem["changed_fields"] == ["env", "name"]
    assert problem["changed_by"] == "ada"
    assert problem["changed_at"] is not None
    assert "other was changed at" in problem["detail"] and "by ada: env, name" in problem["detail"]
    assert problem["current_etag"] == changed.headers["etag"]
    assert any_client.get(path).json() == changed.json()
    again = any_client.request(
        method, path, json=body, headers={"If-Match": changed.headers["etag"]}
    )
    assert again.status_code in (200, 204)


def test_the_etag_of_each_answer_is_that_of_the_next_get(any_client: TestClient, path: str) -> None:
    seen = any_client.get(path)
    same = any_client.patch(path, json={})
    assert same.headers["etag"] == seen.headers["etag"]
    put = any_client.put(path, json={**seen.json(), "env": {"B": "2"}})
    assert put.headers["etag"] == any_client.get(path).headers["etag"] != seen.headers["etag"]
    assert put.headers["etag"].startswith('"')


def test_a_created_thing_has_its_etag_at_once(any_client: TestClient) -> None:
    made = any_client.post("/api/v1/workflows", json={"name": "x"})
    path = f"/api/v1/workflows/{made.json()['id']}"
    assert any_client.get(path).headers["etag"] == made.headers["etag"]
    body = {"workflow_id": made.json()["id"], "name": "t", **INLINE}
    task = any_client.post("/api/v1/tasks", json=body)
    again = any_client.get(f"/api/v1/tasks/{task.json()['id']}")
    assert again.headers["etag"] == task.headers["etag"]


def test_what_is_known_is_not_sent_again(any_client: TestClient, path: str) -> None:
    seen = any_client.get(path).headers["etag"]
    for known in (seen, f'"x", {seen}', f"W/{seen}", "*"):
        answer = any_client.get(path, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content) == (304, b""), known
        assert answer.headers["etag"] == seen
    any_client.patch(path, json={"env": {"C": "3"}})
    assert any_client.get(path, headers={"If-None-Match": seen}).status_code == 200


@pytest.mark.parametrize("etag", ['"nothing"', "nothing", 'W/"x"', "", '"-"', '"a-b-c"', "é"])
def test_an_etag_that_is_none_of_ours_matches_nothing(
    any_client: TestClient, path: str, etag: str
) -> None:
    headers = {"If-Match": etag.encode()}
    answer = any_client.patch(path, json={"name": "x"}, headers=headers)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["code"]) == (412, "edit-conflict")
    assert answer.json()["changed_fields"] == []


def test_a_star_matches_whatever_there_is(any_client: TestClient, path: str) -> None:
    answer = any_client.patch(path, json={"name": "x"}, headers={"If-Match": "*"})
    assert answer.status_code == 200


def test_an_edited_task_is_no_conflict_for_the_fields_of_the_workflow(
    any_client: TestClient, workflow: dict[str, Any], task: dict[str, Any]
) -> None:
    path = f"/api/v1/workflows/{workflow['id']}"
    seen = any_client.get(path).headers["etag"]
    any_client.patch(f"/api/v1/tasks/{task['id']}", json={"retry_count": 5})
    assert any_client.get(path, headers={"If-None-Match": seen}).status_code == 200
    headers = {"If-Match": seen}
    assert any_client.patch(path, json={"description": "d"}, headers=headers).status_code == 200
    graph = any_client.put(f"{path}/tasks", json=[], headers=headers)
    assert (graph.status_code, graph.json()["changed_fields"]) == (412, ["tasks"])


def test_a_client_that_names_nobody_is_named_by_its_program(
    client: TestClient, make_workflow: Callable[..., dict[str, Any]]
) -> None:
    path = f"/api/v1/workflows/{make_workflow()['id']}"
    seen = client.get(path).headers["etag"]
    client.patch(path, json={"description": "d"}, headers={"User-Agent": "curl/8.5 (x; y)"})
    problem = client.delete(path, headers={"If-Match": seen}).json()
    assert problem["changed_by"] == "curl/8.5"
