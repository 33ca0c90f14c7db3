"""Registering repositories and finding them again."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

pytestmark = pytest.mark.integration

API = "/api/v1/repositories"
URL = "https://git.example.org/group/name.git"


def test_a_repository_is_registered_once_and_found_by_its_url(any_client: TestClient) -> None:
    made = any_client.post(API, json={"url": "HTTPS://git.Example.org:443/group/name.git/"})
    assert made.status_code == 201
    body = made.json()
    assert body["url"] == URL
    assert (body["git_credential_id"], body["looked_at"], body["problem"]) == (None, None, None)
    again = any_client.post(API, json={"url": URL})
    assert (again.status_code, again.json()) == (200, body)
    assert any_client.get(made.headers["Location"]).json() == body
    listed = any_client.get(API, params={"q": "GROUP"}).json()
    assert (listed["items"], listed["total"], listed["next_cursor"]) == ([body], 1, None)
    assert any_client.get(API, params={"q": "other"}).json()["items"] == []


def test_what_cannot_be_a_repository_is_refused(client: TestClient) -> None:
    for url, code in (
        ("http://git.example.org/x", "repository-scheme"),
        ("https://u:p@git.example.org/x", "credentials-in-url"),
        ("--upload-pack=touch /tmp/x", "repository-url-invalid"),
        ("/etc", "local-repository-refused"),
        ("file:///root", "local-repository-refused"),
    ):
        answer = client.post(API, json={"url": url})
        assert answer.json()["code"] == code, url
    assert client.get(API).json()["total"] == 0
    answer = client.get(f"{API}/{'0' * 36}/tree")
    assert (answer.status_code, answer.json()["code"]) == (404, "repository-not-found")


def test_a_workflow_s_url_registers_itself(
    client: TestClient, make_workflow: Callable[..., dict[str, Any]]
) -> None:
    made = make_workflow("one", git_repository=URL)
    make_workflow("two", git_repository=URL.removesuffix("/"))
    make_workflow("three", git_repository="not a url")
    make_workflow("four")
    assert [r["url"] for r in client.get(API).json()["items"]] == [URL]
    other = "https://git.example.org/other.git"
    changed = client.patch(f"/api/v1/workflows/{made['id']}", json={"git_repository": other})
    assert changed.status_code == 200
    assert {r["url"] for r in client.get(API).json()["items"]} == {URL, other}


def test_two_who_register_at_once_get_one_repository(any_client: TestClient) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: any_client.post(API, json={"url": URL}), range(8)))
    assert {answer.status_code for answer in answers} <= {200, 201}
    assert len({answer.json()["id"] for answer in answers}) == 1


def test_a_refresh_looks_at_the_remote_now(reader: Any, library: Any, known: Any) -> None:
    seen = reader.ask("POST", f"/{known['id']}/refresh", 200)
    assert (seen["default_branch"], seen["problem"]) == ("main", None)
    assert seen["looked_at"] is not None


def test_a_remote_that_is_gone_is_told_and_what_was_fetched_can_be_read(
    reader: Any, new_source: Callable[[], Any]
) -> None:
    source = new_source()
    commit = source.commit({"a.py": "def a(): ...\n"})
    known = reader.register(source.url)
    reader.get(f"/{known['id']}/tree", commit=commit)
    moved = source.path.with_name("moved-away")
    source.path.rename(moved)
    source.path.mkdir()
    body = reader.ask("POST", f"/{known['id']}/refresh", 404)
    assert body["code"] == "repository-not-found"
    after = reader.get(f"/{known['id']}")
    assert after["problem"]["code"] == "repository-not-found"
    assert reader.get(f"/{known['id']}/file", commit=commit, path="a.py")["text"]


def test_a_damaged_mirror_is_made_anew(reader: Any, new_source: Callable[[], Any]) -> None:
    source = new_source()
    commit = source.commit({"a.py": "def a(): ...\n"})
    known = reader.register(source.url)
    reader.get(f"/{known['id']}/tree", commit=commit)
    mirror = reader.client.app.state.browser.mirror(known["id"])
    for pack in mirror.files.glob("objects/pack/*.pack"):
        pack.chmod(0o644)
        pack.write_bytes(b"")
    assert reader.get(f"/{known['id']}/file", commit=commit, path="a.py")["size"] == 13
