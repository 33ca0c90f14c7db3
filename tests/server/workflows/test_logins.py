"""`git_credential_id` and `git_auth_type`: what an edit of them, or of the repository, means."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

HTTPS, SSH = "https://git.example/o/r", "ssh://git@git.example/o/r"


@pytest.fixture
def token(client: TestClient) -> str:
    body = {"kind": "token", "host": "git.example", "secret": "hunter2", "name": "reader"}
    return str(client.post("/api/v1/credentials", json=body).json()["id"])


@pytest.fixture
def key(client: TestClient) -> str:
    body = {"kind": "ssh", "host": "git.example", "name": "key"}
    return str(client.post("/api/v1/credentials", json=body).json()["id"])


@pytest.fixture
def workflow(client: TestClient, token: str) -> dict[str, Any]:
    body = {"name": "w", "git_repository": HTTPS, "git_credential_id": token}
    made: dict[str, Any] = client.post("/api/v1/workflows", json=body).json()
    return made


def login(answer: dict[str, Any]) -> tuple[str, str | None]:
    return answer["git_auth_type"], answer["git_credential_id"]


def test_a_credential_brings_its_type_along(workflow: dict[str, Any], token: str) -> None:
    assert login(workflow) == ("token", token) and workflow["notes"] == []


@pytest.mark.parametrize(
    ("repository", "auth_type", "which", "code"),
    [
        (HTTPS, "none", "token", "auth-type-mismatch"),
        (HTTPS, "ssh", "token", "auth-type-mismatch"),
        (SSH, "token", "key", "auth-type-mismatch"),
        (HTTPS, "token", None, "credential-required"),
        (SSH, "ssh", None, "credential-required"),
        (HTTPS, "basic", None, "auth-type-unknown"),
        (HTTPS, "token", "lost", "credential-not-found"),
        (SSH, "token", "token", "credential-kind-mismatch"),
        (HTTPS, "ssh", "key", "credential-kind-mismatch"),
        ("https://other.example/o/r", "token", "token", "credential-host-mismatch"),
        ("git@other.example:o/r", "ssh", "key", "credential-host-mismatch"),
        ("/srv/r", "token", "token", "credential-host-mismatch"),
    ],
)
def test_what_does_not_agree_is_refused(
    repository: str,
    auth_type: str,
    which: str | None,
    code: str,
    client: TestClient,
    token: str,
    key: str,
) -> None:
    chosen = {"token": token, "key": key, None: None}.get(which, which)
    body = {"git_repository": repository, "git_auth_type": auth_type, "git_credential_id": chosen}
    answer = client.post("/api/v1/workflows", json={"name": "x", **body})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["errors"][0]["field"].startswith("git_")
    made = client.post("/api/v1/workflows", json={"name": "y"}).json()
    answer = client.patch(f"/api/v1/workflows/{made['id']}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


@pytest.mark.parametrize("verb", ["patch", "put"])
def test_a_repository_that_moves_to_another_host_loses_the_credential_and_says_so(
    verb: str, client: TestClient, workflow: dict[str, Any]
) -> None:
    place = f"/api/v1/workflows/{workflow['id']}"
    moved = {"git_repository": "https://other.example/o/r"}
    body = moved if verb == "patch" else workflow | moved
    answer = client.request(verb.upper(), place, json=body).json()
    assert login(answer) == ("none", None)
    assert "reader" in answer["notes"][0] and "other.example" in answer["notes"][0]
    again = client.get(place)
    assert again.json()["notes"] == []
    assert login(again.json()) == ("none", None)


def test_a_move_on_the_same_host_keeps_the_credential(
    client: TestClient, workflow: dict[str, Any], token: str
) -> None:
    place = f"/api/v1/workflows/{workflow['id']}"
    answer = client.patch(place, json={"git_repository": "https://git.example/o/other"}).json()
    assert login(answer) == ("token", token) and answer["notes"] == []
    answer = client.patch(place, json={"git_repository": SSH})
    assert answer.json()["code"] == "credential-kind-mismatch"


def test_a_move_with_another_credential_takes_that_one(
    client: TestClient, workflow: dict[str, Any]
) -> None:
    body = {"kind": "ssh", "host": "other.example"}
    other = client.post("/api/v1/credentials", json=body).json()
    change = {"git_repository": "git@other.example:o/r.git", "git_credential_id": other["id"]}
    answer = client.patch(f"/api/v1/workflows/{workflow['id']}", json=change).json()
    assert login(answer) == ("ssh", other["id"])
    assert answer["git_repository"] == "ssh://git@other.example/o/r.git" and answer["notes"] == []


@pytest.mark.parametrize("change", [{"git_auth_type": "none"}, {"git_credential_id": None}])
def test_either_field_takes_the_credential_off(
    change: dict[str, Any], client: TestClient, workflow: dict[str, Any]
) -> None:
    answer = client.patch(f"/api/v1/workflows/{workflow['id']}", json=change).json()
    assert login(answer) == ("none", None)


def test_a_credential_for_one_port_is_for_no_other(client: TestClient) -> None:
    body = {"kind": "token", "host": "git.example:8443", "secret": "hunter2"}
    made = client.post("/api/v1/credentials", json=body).json()
    fields = {"name": "a", "git_credential_id": made["id"]}
    for address, status in ((HTTPS, 422), ("https://git.example:8443/o/r", 201)):
        answer = client.post("/api/v1/workflows", json={**fields, "git_repository": address})
        assert answer.status_code == status


def test_get_edit_put_changes_nothing_else(client: TestClient, workflow: dict[str, Any]) -> None:
    answer = client.put(f"/api/v1/workflows/{workflow['id']}", json=workflow)
    assert answer.status_code == 200 and login(answer.json()) == login(workflow)
