from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path

import pytest

from taxiway import process
from taxiway.cli.up import stack_config
from taxiway.embedded import stack
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
