from __future__ import annotations

import json
import os
import signal
import socket
import stat
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from taxiway import process
from taxiway.cli.up import stack_config
from taxiway.embedded import airflow_config, remains, secret_files, stack
from taxiway.embedded.remains import Identity
from taxiway.embedded.warden import descendants
from taxiway.errors import Invalid

pytestmark = pytest.mark.integration

TAXIWAY = [sys.executable, "-c", "from taxiway.cli.main import main; main()"]


def taxiway(*arguments: str) -> process.Completed:
    return process.run([*TAXIWAY, *arguments], env=dict(os.environ), timeout=120)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_an_option_wins_over_the_environment_and_that_over_the_file(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.mkdir()
    (home / "taxiway.toml").write_text("port = 8101\nairflow_port = 8102\n")
    assert stack_config(home=home).port == 8101
    monkeypatch.setenv("TAXIWAY_PORT", "8201")
    assert (stack_config(home=home).port, stack_config(home=home).airflow_port) == (8201, 8102)
    assert stack_config(home=home, port=8301).port == 8301


def test_a_port_that_nobody_named_is_left_open(home: Path) -> None:
    config = stack_config(home=home)
    assert (config.port, config.airflow_port) == (None, None)


def test_what_the_file_says_reaches_airflows_processes(home: Path) -> None:
    home.mkdir()
    (home / "taxiway.toml").write_text('task_env_pass = ["MODEL"]\nallow_builds = ["old"]\n')
    environ = stack_config(home=home).environ
    assert environ["TAXIWAY_TASK_ENV_PASS"] == "MODEL"
    assert environ["TAXIWAY_ALLOW_BUILDS"] == "old"


def test_a_file_that_is_no_toml_is_refused_by_name(home: Path) -> None:
    home.mkdir()
    (home / "taxiway.toml").write_text("port: 8101\n")
    with pytest.raises(Invalid, match=r"taxiway\.toml is not TOML"):
        stack_config(home=home)


def test_a_port_that_is_none_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAXIWAY_AIRFLOW_PORT", "http")
    with pytest.raises(Invalid, match="TAXIWAY_AIRFLOW_PORT is 'http'"):
        stack_config(home=home)


def test_a_setting_that_the_server_refuses_ends_the_start_with_its_words(home: Path) -> None:
    home.mkdir()
    (home / "taxiway.toml").write_text('host = "0.0.0.0"\n')
    ended = taxiway("up", "--home", str(home), "--port", "0", "--airflow-port", "0")
    assert ended.returncode == 2
    assert "error: The server does not listen on 0.0.0.0" in ended.stderr.decode()
    assert ended.stderr.decode().count("hint: ") == 1
    assert stack.recorded(home) is None


def test_a_port_that_was_asked_for_and_is_taken_is_a_conflict(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ended = taxiway("up", "--home", str(home), "--port", str(port))
    assert ended.returncode == 4
    assert f"error: Port {port} is taken" in ended.stderr.decode()
    assert "\nhint: " in ended.stderr.decode()


def test_nothing_runs_and_that_is_said(home: Path) -> None:
    status, down = (taxiway(name, "--home", str(home)) for name in ("status", "down"))
    assert (status.returncode, down.returncode) == (3, 0)
    assert status.stdout == down.stdout == f"No stack runs in {home}\n".encode()
    found = json.loads(taxiway("status", "--home", str(home), "-o", "json").stdout)
    assert (found["running"], found["ready"]) == (False, False)


class Upped:
    """`taxiway up` in a process of its own, and what it has printed."""

    def __init__(self, home: Path, log: Path) -> None:
        self.home = home
        self.log = log
        with log.open("wb") as file:
            argv = [*TAXIWAY, "up", "--home", str(home), "--port", "0", "--airflow-port", "0"]
            self.process = process.spawn(
                argv, env=dict(os.environ), stdout=file, stderr=process.STDOUT
            )

    @property
    def text(self) -> str:
        return self.log.read_text()

    def wait_ready(self) -> None:
        deadline = time.monotonic() + 240
        while "Ready after" not in self.text or "ends the stack" not in self.text:
            assert self.process.poll() is None, self.text
            assert time.monotonic() < deadline, self.text
            time.sleep(0.1)


@pytest.fixture
def up(home: Path, tmp_path: Path) -> Iterator[Callable[[], Upped]]:
    started: list[Upped] = []

    def start() -> Upped:
        started.append(Upped(home, tmp_path / f"up-{len(started)}.log"))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.terminate()
            one.process.wait(60)


def status_of(home: Path) -> tuple[int, dict[str, Any]]:
    ended = taxiway("status", "--home", str(home), "-o", "json")
    return ended.returncode, json.loads(ended.stdout)


@pytest.mark.system
@pytest.mark.timeout(900)
def test_a_real_stack_survives_the_kill_of_its_supervisor_and_ends_without_a_trace(
    home: Path, up: Callable[[], Upped]
) -> None:
    first = up()
    first.wait_ready()
    running = stack.running(home)
    assert running is not None
    assert running.pid == first.process.pid
    check_what_is_printed(first)
    assert httpx.get(f"{running.server_url}/health/live", trust_env=False).status_code == 200
    code, found = status_of(home)
    assert (code, found["ready"]) == (0, True), found

    second = taxiway("up", "--home", str(home))
    assert second.returncode == 4
    assert f"{running.server_url}, pid {running.pid}" in second.stderr.decode()

    left = processes_below(first.process.pid)
    first.process.kill()
    first.process.wait()
    again = up()
    again.wait_ready()
    assert "was killed; ending what is left of it" in again.text or not survivors(left)
    assert survivors(left) == []
    assert status_of(home)[0] == 0

    left = processes_below(again.process.pid)
    assert len(left) >= 8  # four wardens, four programs
    again.process.send_signal(signal.SIGTERM)
    assert again.process.wait(60) == 0
    assert survivors(left) == []
    assert remains.find([], running.token) == set()
    assert status_of(home)[0] == 3


def check_what_is_printed(first: Upped) -> None:
    running = stack.running(first.home)
    passwords = first.home / "airflow" / "passwords.json"
    password = secret_files.password_of(passwords, airflow_config.USERNAME).reveal()
    assert running is not None
    assert f"{running.server_url}/api/v1/" in first.text
    assert f"{running.airflow_url}  (user taxiway, password {password})" in first.text
    assert stat.S_IMODE(passwords.stat().st_mode) == 0o600


def processes_below(pid: int) -> list[Identity]:
    return [found for child in descendants(pid) if (found := Identity.of(child)) is not None]


def survivors(processes: list[Identity]) -> list[Identity]:
    return [process for process in processes if process.alive]
