"""From the request to the user's first line, after numpy, pandas and scikit-learn."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.measure import Options, Row, against, alone, paired
from benchmarks.repository import SmallRepository
from benchmarks.starting import environment_python, of_a_command, of_a_task
from taxiway.environment import requirements
from taxiway.environment.lock import resolve
from taxiway.environment.python import current
from taxiway.git.export import export_snapshot
from taxiway.git.mirror import Mirror
from taxiway.git.policy import GitPolicy
from taxiway.git.url import RepositoryUrl
from taxiway.release.model import Release
from taxiway.runner.execute import TaskProcess
from taxiway.runner.host import MemoryHost
from taxiway.runner.request import TaskRequest
from taxiway.runner.settings import WorkerSettings
from taxiway.storage.cache import Cache, remove_tree
from taxiway.storage.store import Storage
from taxiway.workflow.models import Task, Workflow

PACKAGES = "numpy\npandas\nscikit-learn\n"
SCRIPT = """import time
import numpy, pandas, sklearn.ensemble, sklearn.linear_model


def step():
    print('began', time.time(), flush=True)
    return 1
"""
_GOAL, _FASTER = 0.1, 20  # seconds, and times as fast as a new interpreter
_COMING_UP = 300.0


def measure(options: Options) -> Iterator[Row]:
    folder = options.scratch / "warm"
    folder.mkdir()
    told = {"TAXIWAY_HOME": str(folder / "home"), "TAXIWAY_WARM_IDLE": "120"}
    settings = WorkerSettings.from_env({**os.environ, **told})
    warm = replace(settings, warm=True)
    try:
        release = sealed(folder, settings)
        of_a_task(release, settings)
        python = environment_python(release, settings)
        script = folder / "script.py"
        script.write_text(f"{SCRIPT}\n\nstep()\n")
        come_up(release, warm)
        found = [
            (
                of_a_task(release, warm),
                of_a_command([str(python), str(script)], folder),
                of_a_task(release, settings),
            )
            for _ in range(options.slow_pairs + 1)
        ][1:]
        if not was_forked(release, warm):
            raise RuntimeError("the tasks were not forked")
    finally:
        remove_tree(folder / "home" / "cache")  # the process ends with its environment
        shutil.rmtree(folder / "home", ignore_errors=True)
    what = "First line after numpy, pandas and scikit-learn, forked from a warm process"
    ours = paired([(one[0], one[1]) for one in found])
    yield alone(what, ours.ours, goal=_GOAL, count=ours.count)
    yield against(what, "its environment's `python`", ours, goal=1 / _FASTER)
    spawned = paired([(one[0], one[2]) for one in found])
    yield against(what, "a task with an interpreter of its own", spawned, goal=None)


def come_up(release: Release, settings: WorkerSettings) -> None:
    """The first task tells what it imports; then somebody has to import it."""
    until = time.monotonic() + _COMING_UP
    while not was_forked(release, settings):
        if time.monotonic() > until:
            raise RuntimeError("no warm process came up")
        time.sleep(0.5)


def was_forked(release: Release, settings: WorkerSettings) -> bool:
    process = TaskProcess(TaskRequest(release.digest, "step"), MemoryHost(), settings)
    process.run()
    return process.forked


def sealed(folder: Path, settings: WorkerSettings) -> Release:
    storage, cache = Storage(settings.storage), Cache(settings.cache)
    repository = SmallRepository(folder / "repository")
    commit = repository.add({"steps.py": SCRIPT})
    mirror = Mirror(cache, RepositoryUrl.parse(repository.url), GitPolicy(allow_local=(folder,)))
    mirror.fetch(commit)
    lock = resolve(
        requirements.parse(PACKAGES, policy=settings.packages, read=lambda path: None),
        interpreter=current(),
        policy=settings.packages,
        cache=cache,
        storage=storage,
    )
    workflow = Workflow("w", "w", tasks=(Task("step", "steps.py", "step"),))
    tree = export_snapshot(mirror, commit, storage)
    release = Release("id", workflow, commit, tree, lock.key, lock.python)
    storage.put(f"releases/{release.digest}.json", release.to_bytes())
    return release
