from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from pytest_socket import SocketConnectBlockedError

from taxiway import process


@pytest.mark.filterwarnings("ignore:A test tried to use socket")
def test_no_connection_leaves_this_machine() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as outside,
        pytest.raises(SocketConnectBlockedError),
    ):
        outside.connect(("192.0.2.1", 443))


def test_loopback_is_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()


def test_the_home_is_an_empty_one_of_this_run() -> None:
    assert Path.home().name.startswith("taxiway-test-home-")
    assert os.environ["XDG_CONFIG_HOME"].startswith(str(Path.home()))


def test_no_settings_of_the_user_reach_a_test() -> None:
    assert [name for name in os.environ if name.startswith(("TAXIWAY_", "AIRFLOW__"))] == []


def test_git_reads_no_configuration_of_this_machine() -> None:
    git = process.run(
        ["git", "config", "--list", "--show-scope"], env=dict(os.environ), timeout=10, cwd="/"
    )
    assert git.stdout == b""
