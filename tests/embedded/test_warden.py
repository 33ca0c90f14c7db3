from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from taxiway import process
from taxiway.embedded import warden

DEAF = """
import signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
open(sys.argv[1], "w").write("deaf")
time.sleep(300)
"""


def start(code: str, *arguments: str, grace: float = 5) -> tuple[process.Popen[bytes], int]:
    """A warden over a Python program, and the end of its lifeline that keeps it alive."""
    read_end, write_end = os.pipe()
    argv = [sys.executable, "-I", "-S", str(warden.__file__), str(read_end), str(grace), "--"]
    started = process.spawn(
        [*argv, sys.executable, "-I", "-c", code, *arguments],
        env={"PATH": os.environ["PATH"]},
        pass_fds=(read_end,),
    )
    os.close(read_end)
    return started, write_end


def test_the_exit_status_of_the_program_is_the_wardens() -> None:
    started, lifeline = start("raise SystemExit(7)")
    assert started.wait(20) == 7
    os.close(lifeline)


def test_a_signal_that_ended_the_program_is_told_as_a_shell_does() -> None:
    started, lifeline = start("import os; os.kill(os.getpid(), 9)")
    assert started.wait(20) == 128 + signal.SIGKILL
    os.close(lifeline)


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    log = tmp_path / "log"
    read_end, write_end = os.pipe()
    with log.open("wb") as file:
        argv = [sys.executable, "-I", "-S", str(warden.__file__), str(read_end), "1", "--", "/no"]
        started = process.spawn(argv, env={}, pass_fds=(read_end,), stderr=file)
    assert started.wait(20) == 127
    assert log.read_text() == "/no: No such file or directory\n"
    os.close(read_end)
    os.close(write_end)


def test_the_end_of_the_lifeline_ends_the_program() -> None:
    started, lifeline = start("import time; time.sleep(300)")
    os.close(lifeline)
    assert started.wait(20) == 128 + signal.SIGTERM


def test_a_program_that_ignores_sigterm_is_killed_after_the_grace(tmp_path: Path, lab: Any) -> None:
    ready = tmp_path / "ready"
    started, lifeline = start(DEAF, str(ready), grace=0.2)
    lab.eventually(lambda: ready.exists() and ready.read_text() == "deaf")
    started.terminate()
    assert started.wait(20) == 128 + signal.SIGKILL
    os.close(lifeline)
