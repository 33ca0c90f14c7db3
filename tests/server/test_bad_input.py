"""Bad input gets a clear error: a code, a message that names the thing, what to do, and no change.

One case for each kind. What the world does to a server is tested where it is met: Airflow that is
away, slow or speaks nonsense in `orchestrator/test_airflow.py`, a port that is taken in
`embedded/test_parts.py`, a home and a database of another version in `test_home.py` and
`database/test_migrate.py`.
"""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

CODE = {"python_callable": "def f(): pass"}
JSON = {"Content-Type": "application/json"}
DIGITS = "9" * 400


@pytest.fixture
def workflow(any_client: TestClient) -> dict[str, Any]:
    made: dict[str, Any] = any_client.post("/api/v1/workflows", json={"name": "digits"}).json()
    return made


def require(answer: Any, status: int, code: str, *named: str) -> None:
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), answer.text
    assert all(name in problem["detail"] for name in named), problem["detail"]
    hints = [problem["hint"], *(entry["hint"] for entry in problem["errors"])]
    assert any(hints), "nothing says what to do"
    assert problem["request_id"]


@pytest.mark.parametrize(
    ("fields", "code", "named"),
    [
        ({"git_commit_sha": "main"}, "commit-refused", "'main'"),
        ({"git_commit_sha": "abc123"}, "commit-refused", "'abc123'"),
        ({"schedule": "every day"}, "schedule-refused", "every day"),
        ({"schedule": "0 0 * * * *"}, "schedule-refused", "0 0 * * * *"),
        ({"timezone": "Mars/Olympus"}, "timezone-unknown", "Mars/Olympus"),
        ({"git_repository": "https://u:p@h/x"}, "git-repository-has-credentials", "credentials"),
        ({"env": {"1A": "x"}}, "env-name-refused", "'1A'"),
    ],
)
def test_a_field_of_a_workflow(
    any_client: TestClient, workflow: dict[str, Any], fields: dict[str, Any], code: str, named: str
) -> None:
    path = f"/api/v1/workflows/{workflow['id']}"
    require(any_client.patch(path, json=fields), 422, code, named)
    assert any_client.get(path).json() == workflow
    require(any_client.post("/api/v1/workflows", json={"name": "b", **fields}), 422, code, named)
    assert any_client.get("/api/v1/workflows").json()["total"] == 1


def test_an_unknown_dependency_and_a_cycle(
    any_client: TestClient, workflow: dict[str, Any]
) -> None:
    body = {"workflow_id": workflow["id"], **CODE}
    answer = any_client.post("/api/v1/tasks", json={**body, "name": "a", "dependencies": ["nope"]})
    require(answer, 422, "dependency-unknown", "'nope'")
    a = any_client.post("/api/v1/tasks", json={**body, "name": "a"}).json()
    any_client.post("/api/v1/tasks", json={**body, "name": "b", "dependencies": ["a"]})
    answer = any_client.patch(f"/api/v1/tasks/{a['id']}", json={"dependencies": ["b"]})
    require(answer, 422, "dependency-cycle", "a → b")
    assert any_client.get(f"/api/v1/tasks/{a['id']}").json() == a


@pytest.mark.parametrize(
    ("body", "status", "code", "named"),
    [
        (b'{"name": "x", "env": {"A": NaN}}', 422, "json-not-a-number", "NaN"),
        (b'{"name": "x", "name": "y"}', 422, "json-duplicate-key", '"name"'),
        (
            b'{"name": "x", "max_active_runs": %s}' % DIGITS.encode(),
            422,
            "json-number-too-large",
            "9",
        ),
        (b'{"name": %s"x"%s}' % (b"[" * 40, b"]" * 40), 422, "json-too-deep", "32"),
        (rb'{"name": "a\u0000b"}', 422, "json-text-refused", "NUL"),
        (rb'{"name": "\ud800"}', 422, "json-text-refused", "surrogate"),
        (b'{"name": "\xff"}', 400, "json-malformed", "UTF-8"),
        (b'{"name": ', 400, "json-malformed", "line 1"),
        (b'"' + b"x" * (1024 * 1024) + b'"', 413, "body-too-large", "1048576"),
    ],
    ids=lambda value: value if isinstance(value, str) and "-" in value else "",
)
def test_a_body(any_client: TestClient, body: bytes, status: int, code: str, named: str) -> None:
    answer = any_client.post("/api/v1/workflows", content=body, headers=JSON)
    require(answer, status, code, named)
    assert any_client.get("/api/v1/workflows").json()["total"] == 0


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v1/workflows/%F0%9F%9B%A9", 404, "workflow-not-found"),
        ("/api/v1/workflows/%FF%FE", 404, "workflow-not-found"),
        ("/api/v1/workflows/a%00b", 400, "url-refused"),
        (f"/api/v1/workflows/{'x' * 5000}", 404, "workflow-not-found"),
        (f"/api/v1/workflows?limit={DIGITS}", 422, "field-range"),
        ("/api/v1/workflows?cursor=%F0%9F%9B%A9", 422, "cursor-refused"),
        ("/api/v1/workflows?cursor=W10", 422, "cursor-refused"),
        ("/api/v1/tasks?cursor=WyI5OTk5LTk5LTk5IiwiYSJd", 422, "cursor-refused"),
        ("/api/v1/tasks/..%2F..", 404, "route-not-found"),
        ("/api/v1/runs/nope", 404, "run-not-found"),
    ],
)
def test_a_path_or_a_query(any_client: TestClient, path: str, status: int, code: str) -> None:
    problem = any_client.get(path).json()
    assert (problem["status"], problem["code"]) == (status, code), problem


@pytest.mark.integration
def test_what_a_deploy_does_not_find_is_named(live: Any) -> None:
    origin = live.repository({"src/train.py": "def train(epochs): pass\n"})
    workflow = live.workflow(git_repository=origin.url)
    path = {"script_path": "src/train.py", "function_name": "train"}
    task = live.task(workflow, "train", params={"epochs": 1}, **path)
    cases: list[tuple[str, dict[str, Any], int, str, str]] = [
        ("task", {"script_path": "src/gone.py"}, 422, "script-not-found", "src/gone.py"),
        ("task", {**path, "function_name": "gone"}, 422, "function-not-found", "gone"),
        ("task", {**path, "params": {"nope": 1}}, 422, "", "nope"),
        ("workflow", {"git_branch": "gone"}, 404, "branch-not-found", "gone"),
        (
            "workflow",
            {"git_branch": "main", "git_commit_sha": "0" * 40},
            422,
            "commit-not-on-branch",
            "0" * 40,
        ),
        (
            "workflow",
            {"git_repository": f"{origin.url}-gone"},
            404,
            "repository-not-found",
            "-gone",
        ),
    ]
    for noun, fields, status, code, named in cases:
        before = live.get(f"/{noun}s/{(task if noun == 'task' else workflow)['id']}")
        address = f"/api/v1/{noun}s/{before['id']}"
        assert live.client.patch(address, json=fields).status_code == 200
        problem = live.deploy(workflow, status=status)
        told = [problem["code"], *(entry["code"] for entry in problem["errors"])]
        assert code in told or not code, problem
        assert named in str(problem["detail"]) + str(problem["errors"]), problem
        assert problem["hint"] or any(entry["hint"] for entry in problem["errors"]), problem
        back = {name: before[name] for name in fields}
        assert live.client.patch(address, json=back).status_code == 200
    assert live.deploy(workflow)["state"] == "ready"
