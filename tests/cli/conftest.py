"""Commands in this process, against the real service on loopback; only Airflow is in memory."""

from __future__ import annotations

import json
import os
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import structlog
import uvicorn
from click.testing import Result
from published import PublishedOrchestrator
from typer.testing import CliRunner

from taxiway.cli.main import app
from taxiway.client.http import TaxiwayClient
from taxiway.server.app import create_app
from taxiway.server.orchestrator.port import RunState
from taxiway.server.settings import load_settings
from taxiway.storage.cache import remove_tree
from taxiway.storage.store import Storage

Json = dict[str, Any]


class Scripted(PublishedOrchestrator):
    """Every run ends at once, as `state`, with these values and lines."""

    def __init__(self, storage: Storage) -> None:
        super().__init__(storage)
        self.state: str | None = "success"
        self.values: Mapping[str, Any] = {}
        self.lines: Mapping[str, Sequence[str]] = {}

    def trigger(
        self,
        dag_id: str,
        airflow_run_id: str,
        *,
        conf: Mapping[str, Any],
        logical_date: datetime | None = None,
    ) -> RunState:
        begun = super().trigger(dag_id, airflow_run_id, conf=conf, logical_date=logical_date)
        if self.state is not None:
            self.end(dag_id, airflow_run_id, self.state, self.values, self.lines)
        return begun


@dataclass
class Service:
    """The service, and commands that are told its address."""

    url: str
    airflow: Scripted
    home: Path

    @property
    def client(self) -> TaxiwayClient:
        return TaxiwayClient(self.url)

    def call(self, *arguments: str, stdin: str | None = None, **env: str) -> Result:
        settings = {"TAXIWAY_SERVER": self.url, "TAXIWAY_HOME": str(self.home), "COLUMNS": "80"}
        return CliRunner().invoke(app, list(arguments), input=stdin, env=settings | env)

    def run(self, *arguments: str, stdin: str | None = None) -> Result:
        """A command that has to succeed."""
        ended = self.call(*arguments, stdin=stdin)
        assert ended.exit_code == 0, ended.output + repr(ended.exception)
        return ended

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "-o", "json").stdout)

    def deployed(self, *tasks: str) -> Json:
        made = self.workflow(*tasks)
        self.run("deploy", made["id"])
        return made

    def workflow(self, *tasks: str, **fields: Any) -> Json:
        """A new workflow with inline tasks, each after the one before."""
        fields.setdefault("name", f"w{uuid.uuid4().hex[:10]}")
        with self.client as client:
            made = client.create_workflow(**fields)
            for number, task in enumerate(tasks):
                client.create_task(
                    workflow_id=made["id"],
                    name=task,
                    python_callable=f"def {task}(**kw): pass",
                    dependencies=list(tasks[max(0, number - 1) : number]),
                )
        return made


@pytest.fixture(scope="module")
def quiet() -> Iterator[None]:
    """The service is in this process: what it logs must not stand among what commands print."""
    before = structlog.get_config()
    with Path(os.devnull).open("w") as nowhere:
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(nowhere))
        yield
        structlog.configure(**before)


@pytest.fixture(scope="session")
def listening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    home = tmp_path_factory.mktemp("service")
    cache = tmp_path_factory.mktemp("cache")
    airflow = Scripted(Storage(f"file://{home}/storage"))
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("TAXIWAY_")]:
            patch.delenv(name)
        allowed = str(tmp_path_factory.getbasetemp())
        settings = load_settings(home=home, cache=str(cache), git_allow_local=allowed)
    config = uvicorn.Config(create_app(settings, airflow), port=0, log_level="critical", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the service did not start"
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Service(f"http://127.0.0.1:{port}", airflow, home)
    server.should_exit = True
    thread.join()
    remove_tree(cache)


@pytest.fixture
def service(quiet: None, listening: Service) -> Service:
    listening.airflow.state = "success"
    listening.airflow.values, listening.airflow.lines = {}, {}
    return listening
