from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from taxiway.embedded import stack
from taxiway.embedded.remains import Identity
from taxiway.embedded.stack import RunningStack
from taxiway.errors import Conflict


@pytest.fixture
def running(tmp_path: Path) -> RunningStack:
    me = Identity.of(os.getpid())
    assert me is not None
    return RunningStack(tmp_path, me, "token", "http://a", "http://b", ("one",), {"one": me})


def test_what_was_written_is_read_back(running: RunningStack) -> None:
    stack.write(running)
    assert stack.running(running.home) == running


def test_only_the_owner_reads_the_record(running: RunningStack) -> None:
    stack.write(running)
    assert stat.S_IMODE((running.home / "run" / "stack.json").stat().st_mode) == 0o600


def test_a_stack_whose_supervisor_is_gone_does_not_run(running: RunningStack) -> None:
    gone = replace(running, supervisor=replace(running.supervisor, started=1))
    stack.write(gone)
    assert stack.running(running.home) is None
    assert stack.recorded(running.home) == gone


@pytest.mark.parametrize("content", ["", "{", "[]", '{"supervisor": 1}'])
def test_a_damaged_record_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "stack.json").write_text(content)
    assert stack.recorded(tmp_path) is None


def test_a_home_has_one_supervisor_at_a_time(tmp_path: Path) -> None:
    with (
        stack.exclusive(tmp_path),
        pytest.raises(Conflict, match="just starting or ending"),
        stack.exclusive(tmp_path),
    ):
        pass
    with stack.exclusive(tmp_path):
        pass
