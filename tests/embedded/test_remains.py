from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from taxiway import process
from taxiway.embedded import remains
from taxiway.embedded.remains import Identity

SLEEP = [sys.executable, "-I", "-S", "-c", "import time; print(flush=True); time.sleep(300)"]


def sleeper(**env: str) -> process.Popen[bytes]:
    """A process that runs: before its first line, /proc may not show its environment yet."""
    started = process.spawn(SLEEP, env=env, stdout=process.PIPE)
    assert started.stdout is not None
    with started.stdout as lines:
        lines.readline()
    return started


@pytest.fixture
def stranger() -> Iterator[process.Popen[bytes]]:
    started = sleeper()
    yield started
    started.kill()
    started.wait()


def test_a_recycled_process_id_is_nobody_of_ours(stranger: process.Popen[bytes]) -> None:
    now = Identity.of(stranger.pid)
    assert now is not None
    before = replace(now, started=now.started - 1)
    assert remains.find([now], "none") == {stranger.pid}
    assert remains.find([before], "none") == set()
    assert remains.end([before], "none", grace=0) == 0
    assert now.alive


def test_an_id_from_before_the_boot_is_nobody_of_ours(stranger: process.Popen[bytes]) -> None:
    now = Identity.of(stranger.pid)
    assert now is not None
    assert remains.find([replace(now, boot="another")], "none") == set()


def test_a_process_is_known_by_its_token(stranger: process.Popen[bytes]) -> None:
    token = os.urandom(16).hex()
    marked = sleeper(**{remains.TOKEN: token})
    try:
        assert remains.find([], token) == {marked.pid}
        assert remains.find([], token[:-1]) == set()
        assert remains.end([], token, grace=0) == 1
        marked.wait(20)
    finally:
        marked.kill()
        marked.wait()
    assert Identity.of(stranger.pid) is not None


def test_a_zombie_does_not_live() -> None:
    ended = process.spawn(["/bin/true"], env={})
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
    assert Identity.of(ended.pid) is None
    ended.wait()
