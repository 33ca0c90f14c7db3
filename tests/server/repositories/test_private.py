"""Private repositories on a real host over HTTPS: each is read with its own credential."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from git_servers import HttpsGit

from taxiway.server.repositories import looks

pytestmark = pytest.mark.integration

API = "/api/v1/repositories"
TOKEN = "hunter2-for-browsing"


@pytest.fixture
def closed(https_git: HttpsGit) -> str:
    https_git.logins["shelves"] = {f"oauth2:{TOKEN}"}
    https_git.commit("shelves/closed", {"src/train.py": "def train(epochs: int = 1): ...\n"})
    return https_git.url("shelves/closed")


@pytest.fixture
def shelf(door: Callable[..., TestClient], https_git: HttpsGit) -> TestClient:
    settings = {"git_allow_hosts": ("localhost",), "ca_bundle": https_git.ca}
    return door(settings=settings)


def ask(shelf: TestClient, place: str, status: int = 200, **query: Any) -> Any:
    answer = shelf.get(f"{API}/{place}", params=query)
    assert answer.status_code == status, answer.text
    return answer.json()


def credential(shelf: TestClient, host: str, secret: str = TOKEN) -> str:
    body = {"kind": "token", "host": host, "secret": secret}
    answer = shelf.post("/api/v1/credentials", json=body)
    assert answer.status_code == 201, answer.text
    made: str = answer.json()["id"]
    return made


def test_a_private_repository_is_read_with_its_credential_and_not_without(
    shelf: TestClient, https_git: HttpsGit, closed: str
) -> None:
    known = shelf.post(API, json={"url": closed}).json()
    refused = ask(shelf, f"{known['id']}/refs", 403)
    assert refused["code"] in ("credential-required", "repository-needs-credentials")
    own = credential(shelf, "localhost")
    again = shelf.post(API, json={"url": closed, "git_credential_id": own})
    assert (again.status_code, again.json()["id"]) == (200, known["id"])
    assert again.json()["git_credential_id"] == own
    listed = ask(shelf, f"{known['id']}/refs")
    assert [(ref["name"], bool(ref["subject"])) for ref in listed["items"]] == [("main", True)]
    commit = listed["items"][0]["commit"]
    assert ask(shelf, f"{known['id']}/commits", ref="main")["items"][0]["commit"] == commit
    assert ask(shelf, f"{known['id']}/tree", path="src")["items"][0]["name"] == "train.py"
    [file] = ask(shelf, f"{known['id']}/functions", commit=commit)["items"]
    assert file["functions"][0]["name"] == "train"
    told = ask(shelf, f"{known['id']}") | listed
    assert "hunter2" not in str(told)


def test_a_credential_that_would_not_be_sent_there_is_refused(
    shelf: TestClient, closed: str
) -> None:
    for given, code in (
        (credential(shelf, "git.example.org"), "credential-host-mismatch"),
        ("0" * 36, "credential-not-found"),
    ):
        answer = shelf.post(API, json={"url": closed, "git_credential_id": given})
        assert answer.json()["code"] == code


def test_reads_of_one_moment_look_at_the_remote_once(
    shelf: TestClient, https_git: HttpsGit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks, "GOOD_SECONDS", 3600.0)
    https_git.commit("open/one", {"a.py": "def a(): ...\n"})
    known = shelf.post(API, json={"url": https_git.url("open/one")}).json()
    ask(shelf, f"{known['id']}/tree", ref="main")
    before = len(https_git.asked)
    ask(shelf, f"{known['id']}/tree", ref="main")
    ask(shelf, f"{known['id']}/file", path="a.py")
    ask(shelf, f"{known['id']}/functions")
    assert https_git.asked[before:] == []
    second = https_git.commit("open/one", {"a.py": "def b(): ...\n"})
    assert ask(shelf, f"{known['id']}/tree", ref="main")["commit"] != second
    shelf.post(f"{API}/{known['id']}/refresh")
    assert ask(shelf, f"{known['id']}/tree", ref="main")["commit"] == second
