"""Tasks through the HTTP door."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.integration

Make = Callable[..., dict[str, Any]]
PATH = "/api/v1/tasks/"
BOTH = "Task cannot have both inline code and Git configuration. Choose one execution mode."
NEITHER = (
    "Task must have either 'python_callable' (inline code) OR both 'script_path' and"
    " 'function_name' (Git-based)"
)
INLINE = {"python_callable": "def evaluate_model():\n    print('Evaluating...')"}
GIT = {"script_path": "src/train.py", "function_name": "train_model"}
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


def one(task: dict[str, Any]) -> str:
    return PATH + task["id"]


def test_the_missions_tasks_are_created_in_both_modes(any_client: TestClient) -> None:
    workflow = any_client.post("/api/v1/workflows/", json={"name": "p"}).json()["id"]
    git = {
        "workflow_id": workflow,
        "name": "train_model",
        **GIT,
        "params": {"epochs": 100},
        "dependencies": [],
        "retry_count": 2,
        "retry_delay": 600,
    }
    answer = any_client.post(PATH, json=git)
    assert answer.status_code == 201
    made = answer.json()
    assert made.items() >= git.items()
    assert made["python_callable"] is None
    inline = {"workflow_id": workflow, "name": "evaluate_model", **INLINE}
    second = any_client.post(PATH, json=inline).json()
    assert second.items() >= inline.items()
    assert {name: second[name] for name in second.keys() - inline.keys() - {"id"}} == {
        "script_path": None,
        "function_name": None,
        "params": {},
        "dependencies": [],
        "retry_count": 0,
        "retry_delay": 300,
        "timeout": None,
        "trigger_rule": "all_success",
        "pool": None,
        "pool_slots": 1,
        "queue": None,
        "env": {},
        "inputs": {},
        "expand": {},
        "secrets": {},
        "warm": None,
        "created_at": second["created_at"],
        "updated_at": second["updated_at"],
    }
    listed = any_client.get(PATH, params={"workflow_id": workflow}).json()
    assert listed == {"items": [made, second], "next_cursor": None, "total": 2}
    assert any_client.get(answer.headers["location"]).json() == made


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (INLINE | GIT, BOTH),
        (INLINE | {"script_path": "a.py"}, BOTH),
        (INLINE | {"function_name": "f"}, BOTH),
        ({}, NEITHER),
        ({"script_path": "a.py"}, NEITHER),
        ({"function_name": "f"}, NEITHER),
        ({"script_path": "", "function_name": "f"}, NEITHER),
        ({"python_callable": ""}, NEITHER),
        (dict.fromkeys([*INLINE, *GIT]), NEITHER),
    ],
)
def test_a_task_has_exactly_one_mode_when_it_is_created(
    make_workflow: Make, client: TestClient, fields: dict[str, Any], message: str
) -> None:
    body = {"workflow_id": make_workflow()["id"], "name": "a", **fields}
    answer = client.post(PATH, json=body)
    assert (answer.status_code, answer.json()["detail"]) == (422, message)
    assert client.get(PATH).json()["total"] == 0


def test_the_mode_is_checked_on_what_an_update_would_leave(
    make_workflow: Make, make_task: Make, client: TestClient
) -> None:
    task = make_task(make_workflow(), "a", **GIT)
    for body, message in (
        (INLINE, BOTH),
        ({"function_name": ""}, NEITHER),
        ({"script_path": None, "function_name": None}, NEITHER),
        (INLINE | {"script_path": None}, BOTH),
    ):
        answer = client.patch(one(task), json=body)
        assert (answer.status_code, answer.json()["detail"]) == (422, message)
        assert client.get(one(task)).json() == task
    changed = client.put(one(task), json=INLINE | {"script_path": "", "function_name": None})
    assert changed.status_code == 200
    assert changed.json() == client.get(one(task)).json()
    assert [changed.json()[name] for name in (*INLINE, *GIT)] == [*INLINE.values(), None, None]


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(params=st.dictionaries(TEXT, VALUES, max_size=4), code=TEXT.filter(bool))
def test_any_params_and_code_come_back_as_they_were_sent(
    any_client: TestClient, params: dict[str, Any], code: str
) -> None:
    workflow = any_client.post("/api/v1/workflows", json={"name": "p"}).json()["id"]
    try:
        body = {"workflow_id": workflow, "name": "a", "python_callable": code, "params": params}
        task = any_client.post(PATH, json=body).json()
        assert any_client.get(one(task)).json().items() >= body.items()
    finally:
        assert any_client.delete(f"/api/v1/workflows/{workflow}").status_code == 204


def test_dependencies_are_given_as_names_or_ids_and_answered_as_names(
    make_workflow: Make, make_task: Make, client: TestClient
) -> None:
    workflow = make_workflow()
    load, train = make_task(workflow, "load"), make_task(workflow, "train")
    given = ["train", load["id"], "load", train["id"]]
    report = make_task(workflow, "report", dependencies=given)
    assert report["dependencies"] == ["train", "load"]
    client.patch(one(load), json={"name": "read"})
    assert client.get(one(report)).json()["dependencies"] == ["train", "read"]
    assert client.put(one(report), json={"dependencies": None}).json()["dependencies"] == []


def test_bad_dependencies_are_refused_and_named(
    make_workflow: Make, make_task: Make, client: TestClient
) -> None:
    workflow = make_workflow()
    a = make_task(workflow, "a")
    b = make_task(workflow, "b", dependencies=["a"])
    make_task(workflow, "c", dependencies=["b"])
    foreign = make_task(make_workflow("other"), "x")
    for dependencies, code, named in (
        (["nope"], "dependency-unknown", "nope"),
        ([foreign["id"]], "dependency-unknown", foreign["id"]),
        (["a"], "dependency-on-itself", "a"),
        ([a["id"]], "dependency-on-itself", "a"),
        (["c"], "dependency-cycle", "a → c → b → a"),
    ):
        problem = client.patch(one(a), json={"dependencies": dependencies}).json()
        assert (problem["status"], problem["code"]) == (422, code)
        assert named in problem["detail"]
        assert problem["errors"][0]["pointer"].startswith("/dependencies")
    assert client.get(one(a)).json()["dependencies"] == []
    itself = {"workflow_id": workflow["id"], "name": "d", **INLINE, "dependencies": ["d"]}
    assert client.post(PATH, json=itself).json()["code"] == "dependency-on-itself"
    assert client.patch(one(b), json={"name": "b2", "dependencies": ["b2"]}).status_code == 422


def test_a_rename_and_a_dependency_in_one_request_use_the_new_name(
    make_workflow: Make, make_task: Make, client: TestClient
) -> None:
    workflow = make_workflow()
    a, _ = make_task(workflow, "a"), make_task(workflow, "b")
    changed = client.patch(one(a), json={"name": "first", "dependencies": ["b"]}).json()
    assert (changed["name"], changed["dependencies"]) == ("first", ["b"])


def test_names_are_unique_in_a_workflow(
    make_workflow: Make, make_task: Make, client: TestClient
) -> None:
    workflow, other = make_workflow("w"), make_workflow("v")
    make_task(workflow, "a")
    b = make_task(workflow, "b")
    make_task(other, "a")
    again = client.post(PATH, json={"workflow_id": workflow["id"], "name": "a", **INLINE})
    renamed = client.patch(one(b), json={"name": "a"})
    for answer in (again, renamed):
        assert (answer.status_code, answer.json()["code"]) == (409, "task-name-taken")


def test_a_task_that_others_wait_for_is_not_deleted(
    make_workflow: Make, make_task: Make, client: TestClient
) -> None:
    workflow = make_workflow()
    a = make_task(workflow, "a")
    waiting = [make_task(workflow, name, dependencies=["a"]) for name in ("b", "c")]
    refused = client.delete(one(a))
    assert (refused.status_code, refused.json()["code"]) == (409, "task-has-dependents")
    assert refused.json()["detail"].endswith("b, c")
    for task in (*waiting, a):
        assert client.delete(one(task)).status_code == 204
    assert client.get(one(a)).json()["code"] == "task-not-found"


def test_a_task_stays_in_its_workflow(
    make_workflow: Make, make_task: Make, client: TestClient
) -> None:
    task, other = make_task(make_workflow("a"), "t"), make_workflow("b")
    answer = client.patch(one(task), json={"workflow_id": other["id"]})
    assert (answer.status_code, answer.json()["code"]) == (422, "field-read-only")
    assert client.put(one(task), json=client.get(one(task)).json()).json() == task


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("name", "two words", "task-name-refused"),
        ("name", "..", "task-name-refused"),
        ("name", "a\n", "task-name-refused"),
        ("name", "größe", "task-name-refused"),
        ("script_path", "x" * 501, "field-length"),
        ("function_name", "x" * 256, "field-length"),
        ("params", [], "field-type"),
        ("dependencies", "a", "field-type"),
        ("dependencies", [1], "field-type"),
        ("retry_count", -1, "field-range"),
        ("retry_count", True, "field-type"),
        ("retry_delay", -1, "field-range"),
        ("retry_delay", 10**10, "field-range"),
        ("timeout", 0, "field-range"),
        ("trigger_rule", "dummy", "trigger-rule-unknown"),
        ("pool_slots", 0, "field-range"),
        ("env", {"": "x"}, "env-name-refused"),
        ("foo", 1, "field-unknown"),
    ],
)
def test_bad_values_are_refused_with_their_place(
    make_workflow: Make, make_task: Make, client: TestClient, field: str, value: object, code: str
) -> None:
    workflow = make_workflow()
    task = make_task(workflow, "a")
    body = {"workflow_id": workflow["id"], "name": "b", **INLINE, field: value}
    for answer in (client.post(PATH, json=body), client.patch(one(task), json={field: value})):
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (422, code)
        assert problem["errors"][0]["field"].split(".")[0] == field
    assert client.get(one(task)).json() == task


def test_a_task_of_no_workflow_is_not_created(client: TestClient) -> None:
    answer = client.post(PATH, json={"workflow_id": "nope", "name": "a", **INLINE})
    assert (answer.status_code, answer.json()["code"]) == (404, "workflow-not-found")
    assert client.get(PATH, params={"workflow_id": "nope"}).status_code == 404


def test_a_list_is_walked_by_cursor(any_client: TestClient) -> None:
    workflow = any_client.post("/api/v1/workflows", json={"name": "p"}).json()["id"]
    names = [f"t{number}" for number in range(5)]
    for name in names:
        any_client.post(PATH, json={"workflow_id": workflow, "name": name, **INLINE})
    seen: list[str] = []
    query: dict[str, Any] = {"workflow_id": workflow, "limit": 2}
    while True:
        page = any_client.get(PATH, params=query).json()
        seen += [item["name"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert seen == names
    bad = any_client.get(PATH, params={"cursor": "WyJub3QgYSBkYXRlIiwiYSJd"})
    assert (bad.status_code, bad.json()["code"]) == (422, "cursor-refused")


def test_two_edits_that_make_a_cycle_together_do_not_both_pass(any_client: TestClient) -> None:
    workflow = any_client.post("/api/v1/workflows", json={"name": "p"}).json()["id"]
    tasks = {
        name: any_client.post(PATH, json={"workflow_id": workflow, "name": name, **INLINE}).json()
        for name in ("a", "b")
    }
    start, answers = threading.Barrier(2), []

    def wait_for(name: str, other: str) -> None:
        start.wait()
        answers.append(any_client.patch(one(tasks[name]), json={"dependencies": [other]}))

    threads = [threading.Thread(target=wait_for, args=pair) for pair in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [200, 422]
