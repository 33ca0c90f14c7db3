"""Airflow behind the port, against a real HTTP server that answers what it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from taxiway.errors import Conflict, NotFound, TaxiwayError, Unavailable
from taxiway.redaction import Secret
from taxiway.server.orchestrator.airflow import AirflowOrchestrator
from taxiway.server.orchestrator.airflow_http import AirflowSession
from taxiway.server.orchestrator.port import Backfill, BackfillOrder, BackfillState

RUN = {
    "dag_id": "d",
    "dag_run_id": "r",
    "state": "running",
    "run_type": "manual",
    "bundle_version": "7",
    "logical_date": None,
    "queued_at": "2026-01-02T03:04:05Z",
    "start_date": None,
    "end_date": None,
    "conf": None,
}
DAG = {
    "tags": [{"name": "taxiway"}, {"name": "dag-1"}],
    "bundle_version": "7",
    "is_paused": False,
    "is_stale": False,
    "has_import_errors": False,
    "file_token": "abc/def",
}


class Airflow(ThreadingHTTPServer):
    """Answers from `answers`, the first that fits by path; keeps what was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str, Any]] = []
        self.answers: dict[str, list[tuple[int, Any]]] = {}
        self.logins = 0
        self.stall = threading.Event()

    def say(self, path: str, *answers: tuple[int, Any]) -> None:
        self.answers[path] = list(answers)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Airflow

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        path = self.path.partition("?")[0]
        self.server.asked.append((self.command, self.path, body))
        if path == "/auth/token":
            self.server.logins += 1
            self.answer(201, {"access_token": f"t{self.server.logins}"})
            return
        waiting = self.server.answers.get(path, [(404, {"detail": "Not Found"})])
        status, content = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if status == 0:
            self.server.stall.wait(10)
            return
        if status == 401 and self.headers["Authorization"] != "Bearer t1":
            status, content = 200, content
        self.answer(status, content)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def answer(self, status: int, content: Any) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *arguments: object) -> None:
        """Quiet."""


@pytest.fixture
def airflow() -> Iterator[Airflow]:
    server = Airflow()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.stall.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def port(airflow: Airflow) -> Iterator[AirflowOrchestrator]:
    session = AirflowSession(
        airflow.url, "admin", lambda: Secret("s3cret"), timeout=0.5, busy_pauses=(0.0, 0.0)
    )
    orchestrator = AirflowOrchestrator(session)
    yield orchestrator
    orchestrator.close()


def code_of(action: Any) -> str:
    with pytest.raises(TaxiwayError) as caught:
        action()
    assert isinstance(caught.value, Unavailable)
    assert caught.value.hint
    assert "s3cret" not in str(caught.value)
    return caught.value.code


def test_a_dag_is_read_with_its_tags_and_its_generation(
    airflow: Airflow, port: AirflowOrchestrator
) -> None:
    airflow.say("/api/v2/dags/d", (200, DAG))
    found = port.dag("d")
    assert found is not None
    assert (found.generation, found.tags) == (7, {"taxiway", "dag-1"})
    assert port.dag("gone") is None
    assert airflow.logins == 1


def test_an_expired_token_is_renewed_once(airflow: Airflow, port: AirflowOrchestrator) -> None:
    airflow.say("/api/v2/dags/d", (401, DAG))
    assert port.dag("d") is not None
    assert airflow.logins == 2
    assert port.dag("d") is not None
    assert airflow.logins == 2


BAD = [
    (500, {"detail": "boom"}, "airflow-failed"),
    (503, b"<html>", "airflow-failed"),
    (403, {"detail": "viewer"}, "airflow-refused"),
    (200, b"<html>", "airflow-nonsense"),
    (200, {"unexpected": 1}, "airflow-nonsense"),
    (200, [1], "airflow-nonsense"),
    (0, None, "airflow-slow"),
]


@pytest.mark.parametrize(("status", "content", "code"), BAD)
def test_every_fault_of_airflow_is_unavailable_by_name(
    airflow: Airflow, port: AirflowOrchestrator, status: int, content: Any, code: str
) -> None:
    for path in ("dags/d", "dags/d/dagRuns/r", "dags/~/dagRuns", "dags/d/dagRuns"):
        airflow.say(f"/api/v2/{path}", (status, content))
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assert code_of(lambda: port.dag("d")) == code
    if status:
        assert code_of(lambda: port.run("d", "r")) == code
        assert code_of(lambda: port.runs_changed_since(moment)) == code
        assert code_of(lambda: port.active_runs("d")) == code
        assert code_of(lambda: port.trigger("d", "r", conf={})) == code


def test_an_airflow_whose_database_is_busy_is_asked_again(
    airflow: Airflow, port: AirflowOrchestrator
) -> None:
    locked = {"detail": {"reason": "Database error", "statement": "hidden"}}
    airflow.say("/api/v2/dags/d", (503, b"<html>"), (500, locked), (404, {}))
    assert port.dag("d") is None
    airflow.say("/api/v2/dags/d", (500, {"detail": "boom"}), (404, {}))
    assert code_of(lambda: port.dag("d")) == "airflow-failed"


def test_an_airflow_that_is_not_there_is_unreachable(airflow: Airflow) -> None:
    session = AirflowSession("http://127.0.0.1:1", "admin", lambda: Secret("s3cret"))
    port = AirflowOrchestrator(session)
    assert code_of(lambda: port.dag("d")) == "airflow-unreachable"
    assert not any(part.ok for part in port.health().values())
    port.close()


def test_a_trigger_that_was_done_before_gives_the_run_that_exists(
    airflow: Airflow, port: AirflowOrchestrator
) -> None:
    airflow.say("/api/v2/dags/d/dagRuns", (409, {"detail": "exists"}))
    airflow.say("/api/v2/dags/d/dagRuns/r", (200, RUN))
    run = port.trigger("d", "r", conf={"taxiway": {}})
    assert (run.state, run.generation, run.trigger, run.conf) == ("running", 7, "manual", {})
    body = next(body for method, _, body in airflow.asked if method == "POST" and body.get("conf"))
    assert body == {"dag_run_id": "r", "logical_date": None, "conf": {"taxiway": {}}}
    airflow.say("/api/v2/dags/d/dagRuns/r", (404, {}))
    assert code_of(lambda: port.trigger("d", "r", conf={})) == "airflow-refused"
    with pytest.raises(NotFound):
        port.trigger("gone", "r", conf={})


def test_a_look_goes_by_the_dags_own_token_and_a_pending_one_is_enough(
    airflow: Airflow, port: AirflowOrchestrator
) -> None:
    airflow.say("/api/v2/dags/d", (200, DAG))
    airflow.say("/api/v2/parseDagFile/abc/def", (201, None), (409, {}), (404, {}), (400, {}))
    for _ in range(3):
        port.look("d")
    assert code_of(lambda: port.look("d")) == "airflow-refused"
    assert code_of(lambda: port.look("new")) == "airflow-not-ready"
    airflow.say("/api/v2/dags/taxiway_sentinel", (200, DAG | {"file_token": "sentinel"}))
    airflow.say("/api/v2/parseDagFile/sentinel", (201, None))
    port.look("new")
    assert airflow.asked[-1][:2] == ("PUT", "/api/v2/parseDagFile/sentinel")


def test_runs_of_other_bundles_and_many_pages_are_read(
    airflow: Airflow, port: AirflowOrchestrator
) -> None:
    foreign = RUN | {"dag_run_id": "x", "bundle_version": "3f2a", "conf": {"a": 1}}
    pages = [
        (200, {"dag_runs": [RUN, foreign], "next_cursor": "c1"}),
        (200, {"dag_runs": [RUN | {"state": "success"}], "next_cursor": None}),
    ]
    airflow.say("/api/v2/dags/~/dagRuns", *pages)
    found = port.runs_changed_since(datetime(2026, 1, 1, tzinfo=UTC))
    assert [(r.airflow_run_id, r.state, r.generation) for r in found] == [
        ("r", "success", 7),
        ("x", "running", None),
    ]
    queries = [path for _, path, _ in airflow.asked if "updated_at_gte" in path]
    assert "cursor=&" in f"{queries[0]}&"
    assert "cursor=c1" in queries[1]
    airflow.say("/api/v2/dags/d/dagRuns", (200, {"dag_runs": [RUN], "next_cursor": None}))
    assert [r.airflow_run_id for r in port.active_runs("d")] == ["r"]
    assert "state=queued&state=running" in airflow.asked[-1][1]
    assert port.active_runs("gone") == ()


def test_tasks_logs_and_values(airflow: Airflow, port: AirflowOrchestrator) -> None:
    base = "/api/v2/dags/d/dagRuns/r/taskInstances"
    task = {
        "task_id": "t",
        "state": None,
        "try_number": 0,
        "queued_when": None,
        "start_date": None,
        "end_date": None,
        "duration": None,
    }
    first = [task | {"task_id": f"t{n}"} for n in range(100)]
    airflow.say(base, (200, {"task_instances": first}), (200, {"task_instances": [task]}))
    tasks = port.tasks("d", "r")
    assert len(tasks) == 101
    assert tasks[-1].state == "pending"
    events: list[Any] = [
        {"event": "::group::Log message source details"},
        {"event": "x"},
        {"event": "::endgroup::"},
        {"event": "hello", "timestamp": "2026-01-02T03:04:05Z", "logger": "stdout"},
        "bare",
        {
            "event": "Task failed",
            "level": "error",
            "error_detail": [{"exc_type": "E", "exc_value": "v"}],
        },
    ]
    airflow.say(f"{base}/t/logs/1", (200, {"content": events, "continuation_token": None}))
    lines = port.log("d", "r", "t", try_number=1).lines
    assert [line.text for line in lines] == ["hello", "bare", "Task failed\nE: v"]
    assert port.log("d", "r", "t", try_number=2).lines == ()
    airflow.say(f"{base}/t/xcomEntries/return_value", (200, {"value": {"a": 1}}))
    assert port.value("d", "r", "t") == {"a": 1}
    with pytest.raises(NotFound) as caught:
        port.value("d", "r", "gone")
    assert caught.value.code == "value-not-found"


def test_an_import_error_is_that_of_the_dags_own_file(
    airflow: Airflow, port: AirflowOrchestrator
) -> None:
    errors = [
        {"filename": "aa/other_d.py", "stack_trace": "no"},
        {"filename": "bb/d.py", "stack_trace": "SyntaxError"},
    ]
    airflow.say("/api/v2/importErrors", (200, {"import_errors": errors}))
    assert port.import_error("d") == "SyntaxError"
    assert port.import_error("e") is None


def test_deleting_what_is_gone_is_done_and_a_refusal_is_told(
    airflow: Airflow, port: AirflowOrchestrator
) -> None:
    port.delete("gone")
    airflow.say("/api/v2/dags/d", (409, {"detail": "running"}))
    assert code_of(lambda: port.delete("d")) == "airflow-refused"


def test_health_tells_each_part(airflow: Airflow, port: AirflowOrchestrator) -> None:
    well = {"status": "healthy"}
    body = {"metadatabase": well, "scheduler": well, "dag_processor": {"status": "unhealthy"}}
    airflow.say("/api/v2/monitor/health", (200, body))
    assert {name: part.ok for name, part in port.health().items()} == {
        "airflow_api": True,
        "airflow_scheduler": True,
        "airflow_dag_processor": False,
    }
    airflow.say("/api/v2/monitor/health", (500, b"<html>"))
    assert not any(part.ok for part in port.health().values())


def test_a_retry_names_its_tasks(airflow: Airflow, port: AirflowOrchestrator) -> None:
    airflow.say("/api/v2/dags/d/clearTaskInstances", (200, {}))
    port.retry("d", "r", ["b", "a"])
    assert airflow.asked[-1][2] == {
        "dry_run": False,
        "dag_run_id": "r",
        "task_ids": ["b", "a"],
        "only_failed": False,
        "reset_dag_runs": True,
    }


def test_a_date_that_is_taken_is_told_from_a_run_that_exists(
    airflow: Airflow, port: AirflowOrchestrator
) -> None:
    airflow.say("/api/v2/dags/d/dagRuns", (409, {"detail": "exists"}))
    with pytest.raises(Conflict) as caught:
        port.trigger("d", "r", conf={}, logical_date=datetime(2026, 1, 1, tzinfo=UTC))
    assert caught.value.code == "logical-date-taken"


def test_timings_are_in_the_keys_that_airflow_lists(
    airflow: Airflow, port: AirflowOrchestrator
) -> None:
    def entry(task: str, key: str, second: int) -> Any:
        return {"task_id": task, "key": key, "timestamp": f"2026-01-01T00:00:0{second}Z"}

    entries = [
        entry("a", "taxiway_timings start=0.5000 function=2.0000", 2),
        entry("a", "taxiway_timings environment=9.0000", 1),
        entry("b", "taxiway_timings_of_a_user", 1),
    ]
    path = "/api/v2/dags/d/dagRuns/r/taskInstances/~/xcomEntries"
    airflow.say(path, (200, {"xcom_entries": entries}))
    assert port.timings("d", "r") == {"a": {"start": 0.5, "function": 2.0}}


def test_a_backfill_is_rehearsed_made_and_refused(
    airflow: Airflow, port: AirflowOrchestrator
) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    dry = BackfillOrder("d", moment, moment, {}, 1, True)
    dates = {"backfills": [{"logical_date": "2026-01-01T00:00:00Z"}]}
    airflow.say("/api/v2/backfills/dry_run", (200, dates))
    assert port.backfill(dry) == Backfill(None, [moment])
    real = replace(dry, rehearsal=False)
    refusals = [(409, "backfill-active"), (422, "backfill-refused"), (404, "airflow-not-found")]
    for status, code in refusals:
        airflow.say("/api/v2/backfills", (status, {"detail": "no"}))
        with pytest.raises(TaxiwayError) as caught:
            port.backfill(real)
        assert caught.value.code == code
    airflow.say("/api/v2/backfills", (200, {"id": 7}))
    assert port.backfill(real) == Backfill(7)
    told = {
        **{"id": 7, "dag_id": "d", "dag_run_conf": None, "is_paused": False},
        **{"from_date": "2026-01-01T00:00:00Z", "to_date": "2026-01-01T00:00:00Z"},
        **{"created_at": "2026-01-01T00:00:00Z", "completed_at": None},
    }
    assert airflow.asked[-1][2]["max_active_runs"] == 1
    airflow.say("/api/v2/backfills", (200, {"backfills": [told]}))
    [found] = port.backfills("d", 100)
    assert found == BackfillState(7, moment, moment, {}, False, moment, None)
