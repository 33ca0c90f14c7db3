from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from taxiway.embedded import parts
from taxiway.embedded.config import StackConfig


@dataclass
class Service:
    """A small HTTP server that answers with what a test put into `answers`."""

    url: str = ""
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)


@pytest.fixture
def service() -> Iterator[Service]:
    answering = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answering.answers[self.path]
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        answering.url = f"http://127.0.0.1:{server.server_port}"
        yield answering
        server.shutdown()
        thread.join()


def beats(seconds: float) -> dict[str, Any]:
    """What Airflow says of itself, with heartbeats at that Unix time."""
    when = datetime.fromtimestamp(seconds, UTC).isoformat()
    return {
        "scheduler": {"status": "healthy", "latest_scheduler_heartbeat": when},
        "dag_processor": {"status": "healthy", "latest_dag_processor_heartbeat": when},
    }


def test_a_server_that_does_not_answer_is_what_is_missing() -> None:
    assert parts.missing("http://127.0.0.1:9", "http://127.0.0.1:9") == ("server",)


def test_the_server_names_what_is_missing(service: Service) -> None:
    body = {"parts": {"database": {"ok": True}, "airflow_scheduler": {"ok": False}}}
    service.answers["/health/ready"] = (503, body)
    assert parts.missing(service.url, service.url) == ["airflow_scheduler"]


def test_a_heartbeat_of_a_killed_scheduler_does_not_count(service: Service) -> None:
    now = time.time()
    service.answers["/health/ready"] = (200, {"parts": {}})
    service.answers["/api/v2/monitor/health"] = (200, beats(now - 5))
    missing = parts.missing(service.url, service.url, since=now)
    assert missing == ["airflow-scheduler", "airflow-dag-processor"]
    service.answers["/api/v2/monitor/health"] = (200, beats(now + 1))
    service.answers["/execution/health/ping"] = (500, {})
    assert parts.missing(service.url, service.url, since=now) == ("airflow-execution-api",)
    service.answers["/execution/health/ping"] = (200, {})
    assert parts.missing(service.url, service.url, since=now) == ()


def test_the_environment_of_the_parts_is_an_allow_list(tmp_path: Path) -> None:
    given = {"PATH": "/bin", "GITHUB_TOKEN": "t", "MODEL": "m", "TAXIWAY_TASK_ENV_PASS": "MODEL, X"}
    config = StackConfig(tmp_path, environ=given)
    environment = parts.base_environment(config, "token")
    assert "GITHUB_TOKEN" not in environment
    assert environment["MODEL"] == "m"
    assert environment["TAXIWAY_HOME"] == str(tmp_path)
    assert environment["TAXIWAY_STACK"] == "token"


def test_the_databases_address_reaches_the_server_only(tmp_path: Path) -> None:
    given = {"TAXIWAY_DATABASE_URL": "postgresql://u:p@h/d"}
    config = StackConfig(tmp_path / "home", port=0, airflow_port=0, environ=given)
    plan = parts.plan(config, "token", lambda line: None)
    knowing = [part.name for part in plan.parts if "TAXIWAY_DATABASE_URL" in part.env]
    assert knowing == ["server"]


def test_a_default_port_that_is_taken_is_said(tmp_path: Path) -> None:
    said: list[str] = []
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        taken = server.server_port
        parts._port(None, taken, "server", said.append, frozenset())
    assert said[0].startswith(f"Port {taken} is taken: server takes ")


def test_a_migrated_database_is_not_migrated_again(tmp_path: Path) -> None:
    config = StackConfig(tmp_path, port=0, airflow_port=0, environ={})
    config.airflow_home.mkdir()
    assert not parts.is_migrated(config)
    (config.airflow_home / "airflow.db").touch()
    (config.airflow_home / "migrated").write_text(metadata.version("apache-airflow"))
    assert parts.is_migrated(config)
    (config.airflow_home / "migrated").write_text("3.0.0")
    assert not parts.is_migrated(config)
