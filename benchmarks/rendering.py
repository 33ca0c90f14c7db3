"""Rendering the DAG files of a thousand workflows, as a change of the template does at a stroke."""

from __future__ import annotations

import statistics
import time

from benchmarks.measure import Options, Row, alone, timed
from taxiway.release.model import Release
from taxiway.release.render import render
from taxiway.workflow.models import Task, Workflow

GOAL = 0.5
TASKS = 10


def measure(options: Options) -> list[Row]:
    count = options.sized(1000)
    render(release(0), schedule_from=None)
    taken = [_seconds(count) for _ in range(min(options.pairs, 7))]
    what = f"Render {count:,} workflows of {TASKS} tasks (CPU time)"
    return [alone(what, statistics.median(taken), goal=GOAL, count=len(taken))]


def _seconds(count: int) -> float:
    """Each release is read when its turn comes, off the clock: a thousand of them at a time would
    give Python's garbage collector more to do than rendering."""
    taken: list[float] = []
    for number in range(count):
        made = release(number)
        one = Release.from_bytes(made.to_bytes(), commit=made.commit)
        with timed(taken, time.process_time):
            render(one, schedule_from=None)
    return sum(taken)


def release(number: int, tasks: int = TASKS) -> Release:
    """A workflow of Git tasks, one after the other, sealed."""
    chain = tuple(
        Task(
            f"step_{place}",
            script_path="src/steps.py",
            function_name="step",
            params={"epochs": place, "rate": 0.1, "name": "ada"},
            dependencies=(f"step_{place - 1}",) if place else (),
        )
        for place in range(tasks)
    )
    name = f"workflow_{number}"
    workflow = Workflow(name, name, git_repository="https://git.example.org/r.git", tasks=chain)
    return Release(f"id-{number}", workflow, "a" * 40, "b" * 40, "c" * 64, "3.11")
