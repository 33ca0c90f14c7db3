"""How the web UI is served."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from taxiway.server import problems
from taxiway.server.web.routes import install

PAGE = "<!doctype html><title>Taxiway</title>"
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def static(tmp_path: Path) -> Path:
    assets = tmp_path / "static" / "assets"
    assets.mkdir(parents=True)
    (assets / "index-abc.js").write_text("export {};" * 100)
    (tmp_path / "static" / "index.html").write_text(PAGE)
    (tmp_path / "static" / "theme.js").write_text("1;")
    (tmp_path / "static" / "stamp.txt").write_text("stamp")
    (tmp_path / "secret.js").write_text("not served")
    return tmp_path / "static"


@pytest.fixture
def client(static: Path) -> Iterator[TestClient]:
    app = FastAPI(docs_url=None, redoc_url=None)
    problems.install(app)
    install(app, static)
    with TestClient(app) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/workflows", "/runs/1/log?line=3", "/code/src/train.js"])
def test_every_address_of_a_browser_is_the_page(client: TestClient, path: str) -> None:
    answer = client.get(path, headers=BROWSER)
    assert (answer.status_code, answer.text) == (200, PAGE)
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api", "/health/nothing", "/docs/nothing"])
def test_the_page_never_stands_for_the_api(client: TestClient, path: str) -> None:
    answer = client.get(path, headers=BROWSER)
    assert answer.status_code == 404
    assert answer.json()["code"] == "route-not-found"


def test_programs_are_told_that_there_is_nothing(client: TestClient) -> None:
    assert client.get("/nothing").json()["code"] == "route-not-found"
    assert client.post("/nothing", headers=BROWSER).status_code == 404


def test_assets_are_kept_for_ever_and_compressed(client: TestClient) -> None:
    answer = client.get("/assets/index-abc.js", headers={"Accept-Encoding": "gzip"})
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.text == "export {};" * 100
    assert int(answer.headers["content-length"]) == len(gzip.compress(answer.content, 9, mtime=0))


def test_what_is_known_is_not_sent_again(client: TestClient) -> None:
    etag = client.get("/").headers["etag"]
    assert client.get("/", headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize(
    "path",
    [
        "/assets/gone-123.js",
        "/assets/..%2Fstamp.txt",
        "/assets/%2E%2E/%2E%2E/secret.js",
        "/..%2Fsecret.js",
        "/assets/..\\secret.js",
        "/stamp.txt",
        "/assets/",
    ],
)
def test_nothing_else_is_served(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_only_scripts_of_its_own_may_run(client: TestClient) -> None:
    for path in ("/", "/theme.js", "/assets/index-abc.js"):
        policy = client.get(path).headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy


def test_without_the_ui_the_page_says_why_and_how_to_build_it(tmp_path: Path) -> None:
    app = FastAPI()
    install(app, tmp_path / "static")
    with TestClient(app) as client:
        answer = client.get("/")
        (tmp_path / "static").mkdir()
        (tmp_path / "static" / "index.html").write_text(PAGE)
        built = client.get("/")
    assert "<code>make ui</code>" in answer.text
    assert "npm registry" in answer.text
    assert built.text == PAGE  # no restart
