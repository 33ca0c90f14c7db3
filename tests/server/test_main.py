"""`python -m taxiway.server`, as a process."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import structlog

from taxiway.server.__main__ import main

pytestmark = pytest.mark.integration


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def logging_restored() -> Iterator[None]:
    """`main` sends the log of its process to stderr; here that is everybody's."""
    root, configured = logging.getLogger(), structlog.get_config()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.configure(**configured)


@pytest.fixture
def server(home: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    port = free_port()
    command = [sys.executable, "-m", "taxiway.server", "--home", str(home), "--port", str(port)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=dict(os.environ))
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 60
    while True:
        assert process.poll() is None and time.monotonic() < deadline
        try:
            httpx.get(address + "/health/live")
            break
        except httpx.TransportError:
            time.sleep(0.05)
    yield address, process
    if process.poll() is None:
        process.kill()
    process.communicate()


def test_it_serves_and_ends_when_told(server: tuple[str, subprocess.Popen[str]]) -> None:
    address, process = server
    made = httpx.post(address + "/api/v1/workflows/", json={"name": "a"})
    assert made.status_code == 201
    rebound = httpx.get(address + "/health/live", headers={"Host": "evil.example"})
    assert rebound.status_code == 403
    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=30)
    assert process.returncode in (0, -signal.SIGTERM)
    assert f'"request_id": "{made.headers["x-request-id"]}"' in log


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--host", "0.0.0.0"], "SSH tunnel"),
        (["--port", "70000"], "port"),
        (["--database-url", "mysql://u:hidden@h/x"], "not supported"),
    ],
)
@pytest.mark.usefixtures("logging_restored")
def test_what_keeps_it_from_starting_is_said_with_a_hint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert main(["--home", str(tmp_path), *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: ") and "\n\nhint: " in printed.err
    assert said in printed.err and "hidden" not in printed.err
