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
    releases = [release(number) for number in range(options.sized(1000))]
    render(releases[0], schedule_from=None)
    taken: list[float] = []
    for _ in range(min(options.pairs, 7)):
        with timed(taken, time.process_time):
            for one in releases:
                render(one, schedule_from=None)
    what = f"Render {len(releases):,} workflows of {TASKS} tasks (CPU time)"
    return [alone(what, statistics.median(taken), goal=GOAL)]


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
