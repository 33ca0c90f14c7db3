"""The door, from outside."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from fastapi import APIRouter
from fastapi.testclient import TestClient

from taxiway.server.guards import BODY_LIMIT, host_name

PATH = "/api/v1/workflows"
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:1", "127.0.0.1:8000", "127.9.9.9", "[::1]:8000", "localhost.:80"],
)
def test_names_of_this_machine_are_answered(client: TestClient, host: str) -> None:
    assert client.get("/health/live", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "10.0.0.1",
        "",
        "localhost:x",
        "localhost@evil.example",
        "evil.example:80@localhost",
        "localhost/evil",
        "[::1",
        "2130706433",
        "0.0.0.0",
    ],
)
def test_other_names_are_refused_for_dns_can_be_rebound(client: TestClient, host: str) -> None:
    answer = client.get("/health/live", headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (403, "host-not-allowed")


def test_names_of_the_setting_are_answered(door: Callable[..., TestClient]) -> None:
    client = door(settings={"allowed_hosts": "Taxiway.Example, other"})
    for host, status in (("taxiway.example:80", 200), ("OTHER", 200), ("third", 403)):
        assert client.get("/health/live", headers={"Host": host}).status_code == status


def test_a_malformed_host_has_no_name() -> None:
    assert host_name("a:99999") == host_name("a b@c") == host_name("a#b") == ""


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 422),
        ({"Origin": "http://localhost:8000", "Sec-Fetch-Site": "same-origin"}, 422),
        ({"Origin": "http://localhost:3000", "Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://localhost:8000"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 403),
    ],
)
def test_pages_of_other_origins_cannot_post(
    client: TestClient, headers: dict[str, str], status: int
) -> None:
    answer = client.post(PATH, json={}, headers=headers)
    assert answer.status_code == status
    if status == 403:
        assert answer.json()["code"] == "origin-not-allowed"


def test_a_link_on_another_site_may_lead_here_and_a_script_there_may_not_read(
    client: TestClient,
) -> None:
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    script = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}
    assert client.get(PATH, headers=link).status_code == 200
    assert client.get(PATH, headers=script).status_code == 403


def test_a_body_over_the_limit_is_refused_announced_or_not(client: TestClient) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(BODY_LIMIT // 1024 + 2):
            yield b"x" * 1024

    for content in (b"x" * (BODY_LIMIT + 1), pieces()):
        answer = client.post(PATH, content=content, headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
    body = {"name": "a", "description": "x" * (BODY_LIMIT - 100)}
    assert len(json.dumps(body)) < BODY_LIMIT
    assert client.post(PATH, json=body).status_code == 201


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_that_is_not_called_json_is_refused(client: TestClient, kind: str) -> None:
    answer = client.post(PATH, content=b'{"name": "a"}', headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["code"]) == (415, "media-type-not-supported")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"name": "a", "name": "b"}', 422, "json-duplicate-key"),
        (b'{"name": "a", "env": {"A": NaN}}', 422, "json-not-a-number"),
        (rb'{"name": "\u0000"}', 422, "json-text-refused"),
        (rb'{"name": "\ud800"}', 422, "json-text-refused"),
        (b'{"name": ', 400, "json-malformed"),
        (b"", 422, "field-missing"),
        (b"[]", 422, "field-type"),
    ],
)
def test_bad_json_is_refused_on_both_databases(
    any_client: TestClient, body: bytes, status: int, code: str
) -> None:
    answer = any_client.post(PATH, content=body, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("url", [PATH + "?q=%00", PATH + "/%00", "/api/v1/tasks?workflow_id=%00"])
def test_nul_in_the_url_is_refused_on_both_databases(any_client: TestClient, url: str) -> None:
    answer = any_client.get(url)
    assert (answer.status_code, answer.json()["code"]) == (400, "url-refused")


@pytest.mark.parametrize("path", [PATH, "/api/v1/tasks", "/health/live", "/version", "/docs"])
def test_paths_work_with_and_without_the_slash_and_without_a_redirect(
    client: TestClient, path: str
) -> None:
    assert client.get(path).status_code == client.get(path + "/").status_code == 200


def test_two_slashes_are_another_path(client: TestClient) -> None:
    assert client.get(PATH + "//").json()["code"] == "route-not-found"


def test_a_bug_of_ours_says_so_and_tells_no_internals(door: Callable[..., TestClient]) -> None:
    client = door()
    router = APIRouter()

    @router.get("/broken")
    def broken() -> None:
        raise RuntimeError("hunter2")

    client.app.include_router(router)  # type: ignore[attr-defined]
    answer = client.get("/broken", headers={"X-Request-ID": "my-id"})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (500, "internal-error")
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["request_id"] == answer.headers["x-request-id"] == "my-id"
    assert "hunter2" not in answer.text and "bug" in problem["detail"]


def test_a_request_id_that_could_forge_log_lines_is_replaced(client: TestClient) -> None:
    answer = client.get("/health/live", headers={"X-Request-ID": "a b\tc"})
    assert len(answer.headers["x-request-id"]) == 32
    assert answer.headers["x-content-type-options"] == "nosniff"
