from __future__ import annotations

import json
import shutil
import socket
import sqlite3
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from taxiway.cli.checks import finding, host, network, place
from taxiway.cli.checks import service as services
from taxiway.cli.checks.finding import Finding, run_checks
from taxiway.cli.main import app
from taxiway.errors import Unavailable

pytestmark = pytest.mark.integration

NAMES = [
    *(
        "settings",
        "python",
        "extras",
        "git",
        "ssh",
        "uv",
        "home",
        "disk",
        "cache",
        "task user",
        "ports",
        "stack",
    ),
    *("server", "database", "airflow", "storage", "index", "clock"),
]


class Index(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    date = "Sun, 22 Nov 2020 00:00:00 GMT"

    def do_GET(self) -> None:
        self.send_response_only(200)
        self.send_header("Date", self.date)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """Quiet."""


@pytest.fixture
def index() -> Any:
    listening = ThreadingHTTPServer(("127.0.0.1", 0), Index)
    listening.daemon_threads = True
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{listening.server_address[1]}/simple"
    listening.shutdown()
    thread.join()
    listening.server_close()


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test asks an index of the world."""
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")


def doctor(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["doctor", "--home", str(home), *arguments])


def by_name(ended: Result) -> dict[str, dict[str, str]]:
    return {found["check"]: found for found in json.loads(ended.stdout)["checks"]}


def only(findings: Sequence[Finding]) -> Finding:
    (found,) = findings
    return found


def test_every_part_is_looked_at_and_nothing_is_left_behind(tmp_path: Path) -> None:
    ended = doctor(tmp_path / "home", "-o", "json")
    found = by_name(ended)
    assert list(found) == NAMES
    assert ended.exit_code == (0 if json.loads(ended.stdout)["ok"] else 7)
    assert {name: found[name]["status"] for name in ("git", "uv", "python", "home")} == {
        **dict.fromkeys(("git", "uv", "python", "home"), "ok")
    }
    assert found["stack"]["hint"] == "`taxiway up` starts one."
    assert not (tmp_path / "home").exists()


def test_the_table_has_the_state_in_words_and_what_to_do(tmp_path: Path) -> None:
    ended = CliRunner().invoke(app, ["doctor", "--home", str(tmp_path)], env={"COLUMNS": "80"})
    lines = ended.stdout.splitlines()
    assert lines[0].split() == ["check", "state", "what", "was", "seen"]
    assert "→ `taxiway up` starts one." in ended.stdout
    assert max(map(len, lines)) <= 80


def test_what_has_failed_is_told_by_the_exit_status(tmp_path: Path) -> None:
    ended = doctor(tmp_path, "--server", "http://127.0.0.1:9", "-o", "json")
    assert ended.exit_code == 7
    assert by_name(ended)["server"]["status"] == "fail"
    assert json.loads(ended.stdout)["ok"] is False


def test_settings_that_cannot_be_read_are_a_finding(tmp_path: Path) -> None:
    (tmp_path / "taxiway.toml").write_text("port: 1\n")
    ended = doctor(tmp_path, "-o", "json")
    assert ended.exit_code == 7
    assert "is not TOML" in by_name(ended)["settings"]["detail"]


def test_a_running_server_tells_of_its_parts(service: Any, tmp_path: Path) -> None:
    found = by_name(doctor(tmp_path, "--server", service.url, "-o", "json"))
    assert found["server"]["status"] == "ok"
    assert {name for name in found if name.startswith("server: ")} >= {
        *("server: database", "server: storage", "server: airflow api"),
    }


def test_a_check_that_hangs_or_breaks_has_failed_and_the_others_have_not() -> None:
    gate = threading.Event()

    def hangs() -> Sequence[Finding]:
        gate.wait(60)
        return ()

    def breaks() -> Sequence[Finding]:
        raise ZeroDivisionError("oh")

    def away() -> Sequence[Finding]:
        raise Unavailable("git-missing", "no git", hint="Install git.")

    checks = {"b": breaks, "c": away, "d": host.python, "a": hangs}
    seconds = 0.3
    while True:  # a busy machine gets more time for those that do not hang
        found = run_checks(checks, seconds=seconds)
        if "No answer" not in found[2].detail or seconds > 10:
            break
        seconds *= 4
    gate.set()
    assert [(f.check, f.status) for f in found] == [
        ("b", "fail"),
        ("c", "fail"),
        ("python", "ok"),
        ("a", "fail"),
    ]
    assert f"No answer within {seconds:g} s" in found[3].detail
    assert found[1].hint == "Install git."
    assert finding.SECONDS < 20


def test_a_git_that_loses_a_carriage_return_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git = tmp_path / "git"
    real = shutil.which("git")
    git.write_text(
        f'#!/bin/sh\ncase "$*" in *\' config -f \'*) echo p;; *) exec {real} "$@";; esac\n'
    )
    git.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    found = only(host.git())
    assert (found.status, "carriage return" in found.detail) == ("fail", True)


@pytest.mark.parametrize(("mode", "status"), [(0o700, "ok"), (0o755, "ok"), (0o777, "fail")])
def test_a_home_that_others_may_write_is_refused(tmp_path: Path, mode: int, status: str) -> None:
    tmp_path.chmod(mode)
    assert only(host.home(place.look(None, tmp_path))).status == status


def test_a_port_that_was_asked_for_and_is_taken_fails(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        (tmp_path / "taxiway.toml").write_text(f"port = {port}\nairflow_port = 0\n")
        found = only(host.listening(place.look(None, tmp_path)))
    assert (found.status, str(port) in found.detail) == ("fail", True)


@pytest.mark.parametrize(
    ("revision", "status"), [("a1f0c3d2b4e5", "ok"), ("ffffffffffff", "fail"), (None, "warn")]
)
def test_a_database_of_a_newer_version_is_told(
    tmp_path: Path, revision: str | None, status: str
) -> None:
    database = sqlite3.connect(tmp_path / "taxiway.db")
    if revision is not None:
        database.execute("CREATE TABLE alembic_version (version_num TEXT)")
        database.execute("INSERT INTO alembic_version VALUES (?)", (revision,))
    database.commit()
    database.close()
    assert only(services.database(place.look(None, tmp_path))).status == status


def test_a_storage_that_is_no_folder_fails(tmp_path: Path) -> None:
    (tmp_path / "storage").write_text("")
    found = only(services.storage(place.look(None, tmp_path)))
    assert (found.status, "cannot be written" in found.detail) == ("fail", True)


def test_the_clock_is_compared_with_that_of_the_index(
    tmp_path: Path, index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", index)
    reached, clock = network.index_and_clock(place.look(None, tmp_path))
    assert (reached.status, clock.status) == ("ok", "fail")
    assert "ahead of that of the index" in clock.detail


def test_an_index_that_cannot_be_reached_is_a_warning_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://ada:secret@127.0.0.1:9/simple")
    reached, clock = network.index_and_clock(place.look(None, tmp_path))
    assert (reached.status, clock.status) == ("warn", "ok")
    assert "secret" not in reached.detail
