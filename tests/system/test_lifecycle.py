"""The life of a real stack, its server on PostgreSQL: started, killed, started again, ended."""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pilot import Pilot

from taxiway import process
from taxiway.client.http import TaxiwayClient
from taxiway.embedded import airflow_config, remains, secret_files, stack
from taxiway.embedded.remains import Identity
from taxiway.embedded.supervisor import READY_SECONDS
from taxiway.embedded.warden import descendants

TAXIWAY = [sys.executable, "-c", "from taxiway.cli.main import main; main()"]


def taxiway(*arguments: str) -> process.Completed:
    return process.run([*TAXIWAY, *arguments], env=dict(os.environ), timeout=120)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


class Upped:
    """`taxiway up` in a process of its own, and what it has printed."""

    def __init__(self, home: Path, log: Path, database_url: str) -> None:
        self.home = home
        self.log = log
        with log.open("wb") as file:
            argv = [*TAXIWAY, "up", "--home", str(home), "--port", "0", "--airflow-port", "0"]
            env = os.environ | {"TAXIWAY_DATABASE_URL": database_url}
            self.process = process.spawn(argv, env=env, stdout=file, stderr=process.STDOUT)

    @property
    def text(self) -> str:
        return self.log.read_text()

    @property
    def running(self) -> stack.RunningStack:
        found = stack.running(self.home)
        assert found is not None
        return found

    def wait_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while "Ready after" not in self.text or "ends the stack" not in self.text:
            assert self.process.poll() is None, self.text
            assert time.monotonic() < deadline, self.text
            time.sleep(0.1)


@pytest.fixture
def up(
    home: Path, tmp_path: Path, new_postgres: Callable[..., str]
) -> Iterator[Callable[[], Upped]]:
    started: list[Upped] = []
    database_url = new_postgres()

    def start() -> Upped:
        started.append(Upped(home, tmp_path / f"up-{len(started)}.log", database_url))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.terminate()
            one.process.wait(60)


def status_of(home: Path) -> tuple[int, dict[str, Any]]:
    ended = taxiway("status", "--home", str(home), "-o", "json")
    return ended.returncode, json.loads(ended.stdout)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_real_stack_survives_the_kill_of_its_supervisor_and_ends_without_a_trace(
    home: Path, up: Callable[[], Upped]
) -> None:
    first = up()
    first.wait_ready()
    running = first.running
    assert running.pid == first.process.pid
    check_what_is_printed(first)
    with TaxiwayClient(running.server_url) as client:
        workflow = deploy_and_run(Pilot(client))
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
    with TaxiwayClient(again.running.server_url) as client:
        Pilot(client).succeed(workflow)
        assert len(list(client.runs(workflow))) == 2

    left = processes_below(again.process.pid)
    assert len(left) >= 8  # four wardens, four programs
    again.process.send_signal(signal.SIGTERM)
    assert again.process.wait(60) == 0
    assert survivors(left) == []
    assert remains.find([], running.token) == set()
    assert not (home / "taxiway.db").exists()  # all of it was on PostgreSQL
    assert status_of(home)[0] == 3


def deploy_and_run(pilot: Pilot) -> str:
    """A workflow that was deployed and has run once; its id."""
    workflow = pilot.workflow({"name": "task", "python_callable": "def task():\n    return 42\n"})
    pilot.deploy(workflow)
    assert pilot.value(pilot.succeed(workflow), "task") == 42
    return workflow


def check_what_is_printed(first: Upped) -> None:
    running = first.running
    passwords = first.home / "airflow" / "passwords.json"
    password = secret_files.password_of(passwords, airflow_config.USERNAME).reveal()
    assert f"{running.server_url}/api/v1/" in first.text
    assert f"{running.airflow_url}  (user taxiway, password {password})" in first.text
    assert stat.S_IMODE(passwords.stat().st_mode) == 0o600


def processes_below(pid: int) -> list[Identity]:
    return [found for child in descendants(pid) if (found := Identity.of(child)) is not None]


def survivors(processes: list[Identity]) -> list[Identity]:
    return [process for process in processes if process.alive]
