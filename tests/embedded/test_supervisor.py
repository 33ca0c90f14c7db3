from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from taxiway.embedded import stack
from taxiway.errors import Conflict, Invalid, Unavailable

pytestmark = pytest.mark.integration

SLEEP = "import time; time.sleep(300)"


def test_the_parts_run_until_the_stop(lab: Any) -> None:
    supervisor = lab.supervisor(lab.program("one", SLEEP), lab.program("two", SLEEP))
    supervisor.start()
    running = supervisor.wait_ready(20)
    lab.eventually(lambda: len(supervisor.stack.parts) == 2)
    parts = supervisor.stack.parts
    assert stack.running(lab.config.home) == supervisor.stack
    assert running.pid == os.getpid()

    supervisor.stop()
    assert lab.gone([part.pid for part in parts.values()])
    assert stack.running(lab.config.home) is None


def test_a_stop_leaves_no_process_not_even_a_deaf_daemon_in_its_own_session(lab: Any) -> None:
    supervisor = lab.supervisor(lab.stubborn())
    supervisor.start()
    pids = lab.pids(2)
    supervisor.stop()
    assert lab.gone(pids)


def test_a_part_that_dies_is_started_again_and_its_last_lines_are_shown(lab: Any) -> None:
    code = "import os; print('out of luck', flush=True); os.kill(os.getpid(), 9)"
    supervisor = lab.supervisor(lab.program("hapless", code), missing=["luck"])
    supervisor.start()
    lab.eventually(lambda: sum("hapless ended by signal 9" in line for line in lab.said) >= 2)
    assert "    out of luck" in lab.said
    assert "  starting hapless again in 0.5 s" in lab.said
    assert "  starting hapless again in 1.0 s" in lab.said


def test_a_part_that_never_comes_up_ends_the_wait_and_is_named(lab: Any) -> None:
    supervisor = lab.supervisor(lab.program("hapless", "raise SystemExit(3)"), missing=["it"])
    supervisor.start()
    with pytest.raises(Unavailable, match="hapless ended 4 times") as caught:
        supervisor.wait_ready(60)
    assert str(lab.config.logs / "hapless.log") in caught.value.hint


def test_a_part_that_refuses_its_settings_is_not_started_again(lab: Any) -> None:
    code = "print('error: no such setting'); raise SystemExit(2)"
    supervisor = lab.supervisor(lab.program("strict", code, refusal=2), missing=["it"])
    supervisor.start()
    with pytest.raises(Invalid, match=r"^no such setting$"):
        supervisor.wait_ready(60)
    assert lab.said == []


def test_what_is_not_ready_in_time_is_named(lab: Any) -> None:
    supervisor = lab.supervisor(lab.program("one", SLEEP), missing=["the scheduler"])
    supervisor.start()
    with pytest.raises(Unavailable, match="not ready: the scheduler"):
        supervisor.wait_ready(0.5)


def test_a_step_runs_to_its_end_once_before_those_that_come_after(lab: Any) -> None:
    note = "import sys; open(sys.argv[1], 'a').write('step ')"
    look = "import sys, time; open(sys.argv[1], 'a').write('part '); time.sleep(300)"
    trace: Path = lab.config.home.parent / "trace"
    supervisor = lab.supervisor(
        lab.program("part", look, str(trace), after="step"),
        lab.program("step", note, str(trace), once=True),
    )
    supervisor.start()
    supervisor.wait_ready(20)
    lab.eventually(lambda: trace.read_text() == "step part ")
    assert "step" not in supervisor.stack.names


def test_a_second_supervisor_is_told_where_the_first_one_runs(lab: Any) -> None:
    lab.supervisor(lab.program("one", SLEEP)).start()
    with pytest.raises(Conflict, match=f"http://127.0.0.1:1, pid {os.getpid()}") as caught:
        lab.supervisor(lab.program("one", SLEEP)).start()
    assert caught.value.code == "stack-running"


def test_a_home_is_free_again_after_a_start_that_failed(lab: Any) -> None:
    def refuse(*_: object) -> Any:
        raise Conflict("port-taken", "taken")

    supervisor = lab.supervisor(lab.program("one", SLEEP))
    supervisor._planner = refuse
    with pytest.raises(Conflict, match="taken"):
        supervisor.start()
    lab.supervisor(lab.program("one", SLEEP)).start()


def test_the_parts_of_a_killed_supervisor_end_with_it(lab: Any) -> None:
    killed = lab.foreign_supervisor()
    killed.kill()
    killed.wait()
    lab.eventually(lambda: lab.gone(lab.pids(2)))


def test_the_next_start_ends_what_a_killed_stack_left_and_goes_on(lab: Any) -> None:
    killed = lab.foreign_supervisor()
    pids = lab.pids(2)
    lab.eventually(lambda: stack.recorded(lab.config.home).parts)
    wardens = [part.pid for part in stack.recorded(lab.config.home).parts.values()]
    os.kill(wardens[0], signal.SIGSTOP)  # it does not see its supervisor die
    killed.kill()
    killed.wait()
    os.kill(wardens[0], signal.SIGKILL)
    assert not lab.gone(pids)

    supervisor = lab.supervisor(lab.program("one", SLEEP))
    supervisor.start()
    assert lab.gone([*pids, *wardens])
    assert f"process {killed.pid} was killed" in lab.said[0]
    supervisor.wait_ready(20)


def test_a_supervisor_that_stopped_can_be_stopped_again(lab: Any) -> None:
    supervisor = lab.supervisor(lab.program("one", SLEEP))
    supervisor.start()
    supervisor.stop()
    supervisor.stop()
