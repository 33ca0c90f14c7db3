"""The service behind its HTTP door, on a real database of either kind."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import structlog
from fastapi import FastAPI
from fastapi.testclient import TestClient
from published import PublishedOrchestrator, entry_of
from sqlalchemy import delete, make_url, text

from taxiway.errors import Unavailable
from taxiway.server.app import create_app
from taxiway.server.database import Base, Database, upgrade
from taxiway.server.health.checks import database_check
from taxiway.server.hooks import NoPublisher, NoRetirer
from taxiway.server.machinery import Machinery
from taxiway.server.orchestrator.memory import MemoryOrchestrator
from taxiway.server.orchestrator.port import DagState, RunState, TaskState
from taxiway.server.settings import load_settings
from taxiway.storage.cache import remove_tree
from taxiway.storage.store import Storage

ENGINES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.integration)]


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
def postgres_template(new_postgres: Callable[..., str]) -> str:
    """The name of a migrated, empty database."""
    url = new_postgres()
    upgrade(url)
    return make_url(url).database or ""


@pytest.fixture(scope="session")
def kept_postgres(new_postgres: Callable[..., str], postgres_template: str) -> Iterator[Database]:
    """A migrated database for many tests: emptying it takes a hundredth of making one."""
    database = Database(new_postgres(postgres_template))
    yield database
    database.close()


@pytest.fixture
def emptied_postgres(kept_postgres: Database) -> str:
    """The URL of a migrated, empty database."""
    with kept_postgres.writing() as session:
        # Neither foreign keys nor triggers, such as that of the audit record, stand in the way.
        session.execute(text("SET LOCAL session_replication_role = replica"))
        for table in Base.metadata.sorted_tables:
            session.execute(delete(table))
    return kept_postgres.engine.url.render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty database, so that a test costs a copy and no migration."""
    path = tmp_path_factory.mktemp("template") / "taxiway.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(params=ENGINES)
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without any table, on both engines."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/empty.db"
    make: Callable[[], str] = request.getfixturevalue("new_postgres")
    return make()


@pytest.fixture(params=ENGINES)
def made_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a migrated, empty database of the test's own, on both engines."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "made.db")
        return f"sqlite:///{tmp_path}/made.db"
    make: Callable[..., str] = request.getfixturevalue("new_postgres")
    return make(request.getfixturevalue("postgres_template"))


@pytest.fixture
def home(tmp_path: Path, sqlite_template: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    shutil.copy(sqlite_template, folder / "taxiway.db")
    return folder


@pytest.fixture
def door(home: Path) -> Iterator[Callable[..., TestClient]]:
    """Opens the service; options are those of `create_app`, or settings.

    What works in the background is not started: its lifespan is never entered.
    """
    opened: list[FastAPI] = []

    def make(*, settings: dict[str, Any] | None = None, **options: Any) -> TestClient:
        parts = {"publisher": NoPublisher(), "retirer": NoRetirer(), **options}
        orchestrator = MemoryOrchestrator(lambda dag_id: None)
        app = create_app(load_settings(home=home, **(settings or {})), orchestrator, **parts)
        opened.append(app)
        return TestClient(app, base_url="http://localhost:8000", follow_redirects=False)

    yield make
    for app in opened:
        app.state.database.close()


@pytest.fixture(scope="session")
def shared_app(
    tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path
) -> Iterator[FastAPI]:
    """One application for many tests: building one costs more than most tests do."""
    home = tmp_path_factory.mktemp("shared")
    shutil.copy(sqlite_template, home / "taxiway.db")
    settings = load_settings(home=home, database_url=f"sqlite:///{home}/taxiway.db")
    app = create_app(
        settings,
        MemoryOrchestrator(lambda dag_id: None),
        publisher=NoPublisher(),
        retirer=NoRetirer(),
    )
    app.state.database.close()
    yield app


def open_with(app: FastAPI, url: str) -> Iterator[TestClient]:
    """The application on another database, which is new for each test."""
    database = Database(url)
    app.state.database = database
    app.state.health_checks["database"] = database_check(database)
    yield TestClient(app, base_url="http://localhost:8000", follow_redirects=False)
    database.close()


@pytest.fixture
def client(shared_app: FastAPI, home: Path) -> Iterator[TestClient]:
    """The service on SQLite."""
    yield from open_with(shared_app, f"sqlite:///{home}/taxiway.db")


@pytest.fixture(params=ENGINES)
def any_client(request: pytest.FixtureRequest, shared_app: FastAPI) -> Iterator[TestClient]:
    """The service on both engines, one after the other."""
    if request.param == "sqlite":
        home: Path = request.getfixturevalue("home")
        url = f"sqlite:///{home}/taxiway.db"
    else:
        url = request.getfixturevalue("emptied_postgres")
    yield from open_with(shared_app, url)


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


class RecordingOrchestrator(PublishedOrchestrator):
    """Keeps the calls that change something."""

    def __init__(self, storage: Storage) -> None:
        super().__init__(storage)
        self.calls: list[tuple[str, ...]] = []
        self.blind = False  # shows nothing new
        self.down = False
        self.import_errors: dict[str, str] = {}

    def _require_up(self) -> None:
        if self.down:
            raise Unavailable("airflow-unreachable", "Airflow cannot be reached")

    def dag(self, dag_id: str) -> DagState | None:
        self._require_up()
        return super().dag(dag_id)

    def import_error(self, dag_id: str) -> str | None:
        return self.import_errors.get(dag_id)

    def look(self, dag_id: str) -> None:
        self._require_up()
        if not self.blind and dag_id not in self.import_errors:
            super().look(dag_id)

    def tasks(self, dag_id: str, airflow_run_id: str) -> Sequence[TaskState]:
        self._require_up()
        return super().tasks(dag_id, airflow_run_id)

    def run(self, dag_id: str, airflow_run_id: str) -> RunState | None:
        self._require_up()
        return super().run(dag_id, airflow_run_id)

    def runs_changed_since(self, moment: datetime) -> Sequence[RunState]:
        self._require_up()
        return super().runs_changed_since(moment)

    def active_runs(self, dag_id: str) -> Sequence[RunState]:
        self._require_up()
        return super().active_runs(dag_id)

    def trigger(self, dag_id: str, airflow_run_id: str, **rest: Any) -> RunState:
        self._require_up()
        self.calls.append(("trigger", dag_id))
        return super().trigger(dag_id, airflow_run_id, **rest)

    def cancel(self, dag_id: str, airflow_run_id: str) -> None:
        self._require_up()
        self.calls.append(("cancel", airflow_run_id))
        super().cancel(dag_id, airflow_run_id)

    def delete(self, dag_id: str) -> None:
        self.calls.append(("delete", dag_id))
        super().delete(dag_id)


@dataclass
class Live:
    """A service whose threads run, on real Git and real uv; only Airflow is in memory."""

    client: TestClient
    orchestrator: RecordingOrchestrator
    storage: Storage
    origins: Path

    @property
    def machinery(self) -> Machinery:
        found: Machinery = self.client.app.state.machinery  # type: ignore[attr-defined]
        return found

    @property
    def database(self) -> Database:
        return self.machinery.database

    def post(self, path: str, body: Any = None, status: int = 201) -> dict[str, Any]:
        answer = self.client.post(f"/api/v1{path}", json=body)
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def get(self, path: str, status: int = 200) -> Any:
        answer = self.client.get(f"/api/v1{path}")
        assert answer.status_code == status, answer.text
        return answer.json()

    def patch(self, workflow: dict[str, Any], **fields: Any) -> dict[str, Any]:
        answer = self.client.patch(f"/api/v1/workflows/{workflow['id']}", json=fields)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def workflow(self, name: str = "digits", **fields: Any) -> dict[str, Any]:
        return self.post("/workflows", {"name": name, **fields})

    def task(self, workflow: dict[str, Any], name: str, **fields: Any) -> dict[str, Any]:
        mode = {} if "script_path" in fields else {"python_callable": f"def {name}(**kw): pass"}
        body = {"workflow_id": workflow["id"], "name": name, **mode, **fields}
        return self.post("/tasks", body)

    def inline(self, name: str = "digits", **fields: Any) -> dict[str, Any]:
        """A workflow with one inline task."""
        made = self.workflow(name, **fields)
        self.task(made, "load")
        return made

    def deploy(self, workflow: dict[str, Any], status: int = 200, wait: float = 60) -> Any:
        path = f"/api/v1/workflows/{workflow['id']}/deploy"
        answer = self.client.post(path, params={"wait": wait})
        assert answer.status_code == status, answer.text
        return answer.json()

    def trigger(self, workflow: dict[str, Any], **body: Any) -> dict[str, Any]:
        return self.post(f"/workflows/{workflow['id']}/runs", body)

    def end(self, run: dict[str, Any], state: str = "success", **rest: Any) -> None:
        values = rest.pop("values", {})
        self.orchestrator.end(run["dag_id"], run["airflow_run_id"], state, values, **rest)

    def dag_of(self, workflow: dict[str, Any]) -> str | None:
        """The DAG file that the newest generation has for the workflow."""
        entry = entry_of(self.storage, workflow["dag_id"])
        return self.storage.get(f"dags/{entry.dag}.py").decode() if entry else None

    def repository(self, files: dict[str, str], name: str = "origin") -> Origin:
        origin = Origin(self.origins / name)
        origin.path.mkdir(parents=True)
        origin.git("init", "-q", "-b", "main")
        origin.commit(files)
        return origin

    def eventually(self, check: Callable[[], Any], seconds: float = 60) -> Any:
        """What `check` returns as soon as that is true."""
        deadline = time.monotonic() + seconds
        while not (found := check()):
            assert time.monotonic() < deadline, "it did not come true in time"
            time.sleep(0.02)
        return found


@dataclass
class Origin:
    """A repository as a user has one."""

    path: Path

    @property
    def url(self) -> str:
        return f"file://{self.path}"

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self, files: dict[str, str], message: str = "change") -> str:
        for name, content in files.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One cache for all tests: the empty environment is built once."""
    folder = tmp_path_factory.mktemp("cache")
    yield folder
    remove_tree(folder)


@pytest.fixture
def start(home: Path, shared_cache: Path, tmp_path: Path) -> Iterator[Callable[..., Live]]:
    """Starts the service; a second one joins the first, with the same Airflow."""
    opened: list[TestClient] = []
    origins = tmp_path / "origins"
    storage = Storage(f"file://{home}/storage")
    airflow = RecordingOrchestrator(storage)

    def make(**settings: Any) -> Live:
        loaded = load_settings(
            home=home, cache=str(shared_cache), git_allow_local=str(origins), **settings
        )
        app = create_app(loaded, airflow)
        client = TestClient(app, base_url="http://localhost:8000", follow_redirects=False)
        client.__enter__()
        opened.append(client)
        return Live(client, airflow, storage, origins)

    yield make
    for client in reversed(opened):
        client.__exit__(None, None, None)


@pytest.fixture
def live(start: Callable[..., Live]) -> Live:
    """The running service on SQLite."""
    return start()


@pytest.fixture(params=ENGINES)
def any_live(request: pytest.FixtureRequest, start: Callable[..., Live]) -> Live:
    """The running service on both engines, one after the other."""
    if request.param == "sqlite":
        return start()
    make: Callable[..., str] = request.getfixturevalue("new_postgres")
    return start(database_url=make(request.getfixturevalue("postgres_template")))
