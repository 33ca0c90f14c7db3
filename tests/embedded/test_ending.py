from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from taxiway.embedded import ending, stack
from taxiway.embedded.condition import condition_of

pytestmark = pytest.mark.integration


def test_nothing_runs_in_a_home_that_is_not_there(lab: Any) -> None:
    assert ending.end_stack(lab.config.home) == ending.Ended()
    assert not condition_of(lab.config.home).running


def test_what_a_killed_stack_left_is_ended_and_counted(lab: Any) -> None:
    killed = lab.foreign_supervisor()
    pids = lab.pids(2)
    lab.eventually(lambda: stack.recorded(lab.config.home).parts)
    (warden,) = stack.recorded(lab.config.home).parts.values()
    os.kill(warden.pid, signal.SIGSTOP)
    killed.kill()
    killed.wait()
    condition = condition_of(lab.config.home)
    assert not condition.running
    assert condition.remains == 3
    os.kill(warden.pid, signal.SIGKILL)

    ended = ending.end_stack(lab.config.home)
    assert ended.supervisor is None
    assert ended.remains >= 2
    assert lab.gone(pids)


def test_the_parts_of_a_stack_are_shown_as_they_are(lab: Any) -> None:
    lab.foreign_supervisor()
    lab.eventually(lambda: stack.recorded(lab.config.home).parts)
    condition = condition_of(lab.config.home)
    assert condition.running
    assert [part.name for part in condition.parts] == ["supervisor", "stubborn"]
    assert {part.state for part in condition.parts} == {"running"}
    assert condition.missing == ["server"]
    assert not condition.ready
