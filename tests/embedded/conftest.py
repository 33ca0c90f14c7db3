from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from taxiway import process
from taxiway.embedded.config import StackConfig
from taxiway.embedded.part import PartSpec
from taxiway.embedded.remains import TOKEN, Identity
from taxiway.embedded.supervisor import Plan, Planner, Say, Supervisor

# A program that is hard to end: its daemon has a session of its own and is deaf to SIGTERM.
# Both put their ids into the file that is named.
STUBBORN = """
import os, signal, sys, time
def note():
    with open(sys.argv[1], "a") as file:
        file.write(f"{os.getpid()}\\n")
note()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        note()
        time.sleep(300)
    os._exit(0)
time.sleep(300)
"""

# A supervisor in a process of its own, with one stubborn part.
SUPERVISOR = """
import sys, time
from pathlib import Path
from taxiway.embedded.config import StackConfig
from taxiway.embedded.part import PartSpec
from taxiway.embedded.supervisor import Plan, Supervisor
home, code, pids = sys.argv[1:]
def plan(config, token, say):
    part = PartSpec("stubborn", (sys.executable, "-I", "-c", code, pids), {"TAXIWAY_STACK": token},
        grace=0.5)
    return Plan([part], "http://127.0.0.1:1", "http://127.0.0.1:2")
supervisor = Supervisor(StackConfig(Path(home)), plan=plan)
supervisor.start()
supervisor.watch()
"""


def eventually(holds: Callable[[], object], seconds: float = 60) -> None:
    """Return as soon as it holds; fail when it does not in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come to hold in time"
        time.sleep(0.02)


@dataclass
class Lab:
    """Small real programs under supervisors, which are stopped after the test."""

    config: StackConfig
    said: list[str] = field(default_factory=list)
    made: list[Supervisor] = field(default_factory=list)
    processes: list[process.Popen[bytes]] = field(default_factory=list)

    def eventually(self, holds: Callable[[], object], seconds: float = 60) -> None:
        eventually(holds, seconds)

    @property
    def pids_file(self) -> Path:
        return self.config.home.parent / "pids"

    def program(self, name: str, code: str, *arguments: str, **more: Any) -> PartSpec:
        argv = (sys.executable, "-I", "-c", code, *arguments)
        return PartSpec(name, argv, {"PATH": os.environ["PATH"]}, **{"grace": 0.5, **more})

    def stubborn(self, **more: Any) -> PartSpec:
        return self.program("stubborn", STUBBORN, str(self.pids_file), **more)

    def supervisor(self, *specs: PartSpec, missing: Sequence[str] = ()) -> Supervisor:
        made = Supervisor(
            self.config, plan=self.plan(*specs, missing=missing), say=self.said.append
        )
        self.made.append(made)
        return made

    def plan(self, *specs: PartSpec, missing: Sequence[str] = ()) -> Planner:
        def planner(config: StackConfig, token: str, say: Say) -> Plan:
            marked = [replace(spec, env={**spec.env, TOKEN: token}) for spec in specs]
            urls = "http://127.0.0.1:1", "http://127.0.0.1:2"
            return Plan(marked, *urls, missing=lambda: missing)

        return planner

    def foreign_supervisor(self) -> process.Popen[bytes]:
        """A supervisor in another process, with one stubborn part that runs."""
        argv = [sys.executable, "-c", SUPERVISOR, str(self.config.home), STUBBORN]
        started = process.spawn([*argv, str(self.pids_file)], env=dict(os.environ))
        self.processes.append(started)
        self.pids(2)
        return started

    def pids(self, count: int) -> list[int]:
        """The ids that the stubborn ones noted, once there are so many."""
        file = self.pids_file
        eventually(lambda: file.exists() and len(file.read_text().split()) >= count)
        return [int(line) for line in file.read_text().split()]

    def gone(self, pids: Sequence[int]) -> bool:
        return all(Identity.of(pid) is None for pid in pids)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    made = Lab(StackConfig(home=tmp_path / "home", environ={"PATH": os.environ["PATH"]}))
    yield made
    for supervisor in made.made:
        supervisor.stop()
    for started in made.processes:
        if started.poll() is None:
            started.kill()
            started.wait()
