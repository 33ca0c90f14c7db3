from __future__ import annotations

import os
import re
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient
from small_disk import small_disk
from sqlalchemy import event, make_url

from taxiway.errors import Denied
from taxiway.server.app import create_app, include
from taxiway.server.settings import load_settings

MEDIA_TYPE = "application/problem+json"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", ""])
def test_an_address_that_others_can_reach_is_refused_before_anything_starts(
    tmp_path: Path, host: str
) -> None:
    settings = load_settings(home=tmp_path / "home").model_copy(update={"host": host})
    with pytest.raises(Denied) as caught:
        create_app(settings)
    assert caught.value.code == "address-not-allowed"
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing/here", 404, "route-not-found"),
        ("GET", "/api/v1/workflows/nope", 404, "workflow-not-found"),
        ("GET", "/api/v1/tasks/nope", 404, "task-not-found"),
        ("DELETE", "/api/v1/workflows", 405, "method-not-allowed"),
        ("GET", "/api/v1/workflows?limit=0", 422, "field-range"),
        ("GET", "/api/v1/workflows?limit=x", 422, "field-type"),
    ],
)
def test_every_refusal_is_a_problem(
    client: TestClient, method: str, path: str, status: int, code: str
) -> None:
    answer = client.request(method, path)
    problem = answer.json()
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["type"] == f"/errors/{code}"
    assert problem["title"] and problem["detail"]
    assert problem["request_id"] == answer.headers["x-request-id"]


def test_several_refused_fields_are_told_all_at_once(client: TestClient) -> None:
    problem = client.post("/api/v1/workflows", json={"schedule": "x", "foo": 1}).json()
    assert problem["code"] == "validation-failed"
    assert {entry["field"]: entry["code"] for entry in problem["errors"]} == {
        "name": "field-missing",
        "schedule": "schedule-refused",
        "foo": "field-unknown",
    }
    assert {entry["pointer"] for entry in problem["errors"]} == {"/name", "/schedule", "/foo"}


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [entry for path in document["paths"].values() for entry in path.values()]


def test_the_openapi_document_names_and_describes_everything(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    ids = [operation["operationId"] for operation in operations(document)]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z]+[A-Z][A-Za-z]+", name) for name in ids), ids
    assert all(operation["tags"] and operation["description"] for operation in operations(document))
    schemas = document["components"]["schemas"]
    assert "ProblemDetails" in schemas and "HTTPValidationError" not in schemas
    for name in ("WorkflowCreate", "WorkflowUpdate", "WorkflowResponse", "TaskCreate"):
        for field, schema in schemas[name]["properties"].items():
            assert schema.get("description"), f"{name}.{field}"
    assert schemas["WorkflowCreate"]["examples"] and schemas["TaskCreate"]["examples"]
    text = client.get("/openapi.json").text
    for reference in set(re.findall(r'"#/components/schemas/([^"]+)"', text)):
        assert reference in schemas


def test_a_route_that_the_door_would_never_reach_is_refused() -> None:
    router = APIRouter()
    router.get("/things/")(lambda: None)
    with pytest.raises(ValueError, match="/things/"):
        include(FastAPI(), router)


def test_a_full_database_says_so_and_loses_nothing(door: Callable[..., TestClient]) -> None:
    client = door()
    engine = client.app.state.database.engine  # type: ignore[attr-defined]

    def stop_growing(connection: sqlite3.Connection, *_: object) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")

    made = client.post("/api/v1/workflows", json={"name": "before"}).json()
    event.listen(engine, "checkout", stop_growing)
    large = {"name": "large", "description": "x" * 200_000}
    answer = client.post("/api/v1/workflows", json=large)
    assert (answer.status_code, answer.json()["code"]) == (503, "database-full")
    assert answer.headers["retry-after"] and "Free some space" in answer.json()["hint"]
    assert client.get("/api/v1/workflows").json()["items"] == [made]
    event.remove(engine, "checkout", stop_growing)
    engine.dispose()
    assert client.post("/api/v1/workflows", json=large).status_code == 201


@pytest.fixture
def small_postgres(postgres: str, postgres_template: str) -> Iterator[tuple[str, Path]]:
    """A migrated database on a disk of its own, and that disk."""
    owner = Path(postgres_data(postgres)).stat()
    with (
        tempfile.TemporaryDirectory(prefix="taxiway-small-") as folder,
        small_disk(Path(folder) / "disk", "64m") as disk,
    ):
        Path(folder).chmod(0o755)  # the server is another user
        place = disk / "tables"
        place.mkdir(mode=0o700)
        os.chown(place, owner.st_uid, owner.st_gid)
        with psycopg.connect(postgres, autocommit=True) as connection:
            connection.execute(f"CREATE TABLESPACE small LOCATION '{place}'")
            connection.execute(
                f'CREATE DATABASE small TEMPLATE "{postgres_template}" TABLESPACE small'
            )
            yield make_url(postgres).set(database="small").render_as_string(False), disk
            connection.execute("DROP DATABASE small WITH (FORCE)")
            connection.execute("DROP TABLESPACE small")


def postgres_data(url: str) -> str:
    with psycopg.connect(url) as connection:
        (path,) = connection.execute("SHOW data_directory").fetchone() or ("",)
    return str(path)


@pytest.mark.integration
def test_a_full_disk_of_postgresql_says_so_and_loses_nothing(
    small_postgres: tuple[str, Path], door: Callable[..., TestClient]
) -> None:
    url, disk = small_postgres
    client = door(settings={"database_url": url})
    made = client.post("/api/v1/workflows", json={"name": "before"}).json()
    ballast = disk / "ballast"
    with pytest.raises(OSError, match="No space left"), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1 << 20))
    # Letters that no compression makes small enough for a page that is there already.
    large = {"name": "large", "description": os.urandom(200_000).hex()}
    answer = client.post("/api/v1/workflows", json=large)
    assert (answer.status_code, answer.json()["code"]) == (503, "database-full")
    assert answer.headers["retry-after"] and "Free some space" in answer.json()["hint"]
    assert client.get("/api/v1/workflows").json()["items"] == [made]
    assert client.get("/api/v1/audit?action=workflow.create").json()["total"] == 1
    ballast.unlink()
    assert client.post("/api/v1/workflows", json=large).status_code == 201


def test_a_database_that_does_not_answer_is_unavailable(door: Callable[..., TestClient]) -> None:
    client = door()
    database = client.app.state.database  # type: ignore[attr-defined]
    with database.writing() as session:
        session.connection().exec_driver_sql("PRAGMA foreign_keys")
    home = client.app.state.settings.home  # type: ignore[attr-defined]
    database.close()
    for path in home.glob("taxiway.db*"):
        path.unlink()
    (home / "taxiway.db").mkdir()
    answer = client.get("/api/v1/workflows")
    assert (answer.status_code, answer.json()["code"]) == (503, "database-unavailable")
    assert answer.headers["retry-after"]
    ready = client.get("/health/ready")
    assert ready.status_code == 503
    assert ready.json()["parts"]["database"]["ok"] is False
    assert client.get("/health/live").status_code == 200
