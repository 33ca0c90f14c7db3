"""From the request to the first line of the user's function, when all is warm."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from uv import find_uv_bin

from benchmarks.counting import programs
from benchmarks.measure import Options, Row, against, paired
from benchmarks.repository import STEPS, SmallRepository
from taxiway.environment import requirements
from taxiway.environment.build import use_environment
from taxiway.environment.lock import resolve
from taxiway.environment.policy import PackagePolicy
from taxiway.environment.python import current
from taxiway.git.export import export_snapshot
from taxiway.git.mirror import Mirror
from taxiway.git.policy import GitPolicy
from taxiway.git.url import RepositoryUrl
from taxiway.process import run
from taxiway.release.model import Release
from taxiway.runner.execute import TaskProcess
from taxiway.runner.host import MemoryHost
from taxiway.runner.request import TaskRequest
from taxiway.runner.settings import WorkerSettings
from taxiway.storage.cache import Cache, remove_tree
from taxiway.storage.store import Storage
from taxiway.workflow.models import Task, Workflow

GOALS = (1.0, 2.5)  # of `uv run --offline`, and of the bare interpreter


def measure(options: Options) -> list[Row]:
    folder = options.scratch / "starting"
    folder.mkdir()
    settings = WorkerSettings.from_env({"TAXIWAY_HOME": str(folder / "home")})
    try:
        release = sealed(folder, settings)
        python = environment_python(release, settings)
        script = folder / "script.py"
        script.write_text(f"{STEPS}\n\nstep()\n")
        uv = [find_uv_bin(), "run", "--offline", "--no-project", "--no-config"]
        uv += ["--python", str(current().path), str(script)]
        commands = {
            "`uv run --offline`": uv,
            "its environment's `python`": [str(python), str(script)],
        }
        found = [
            (of_a_task(release, settings), *(of_a_command(a, folder) for a in commands.values()))
            for _ in range(options.pairs + 2)
        ][2:]
        _, counts = programs(lambda: of_a_task(release, settings))
    finally:
        remove_tree(folder / "home" / "cache")
        shutil.rmtree(folder / "home", ignore_errors=True)
    what = "From request to the user's first line, warm"
    return [
        against(
            what, name, paired([(one[0], one[1 + n]) for one in found]), goal=goal, counts=counts
        )
        for n, (name, goal) in enumerate(zip(commands, GOALS, strict=True))
    ]


def sealed(folder: Path, settings: WorkerSettings) -> Release:
    """A release of one Git task without requirements, in the storage."""
    storage, cache = Storage(settings.storage), Cache(settings.cache)
    repository = SmallRepository(folder / "repository")
    url = RepositoryUrl.parse(repository.url)
    mirror = Mirror(cache, url, GitPolicy(allow_local=(folder,)))
    mirror.fetch(commit := mirror.resolve("main"))
    policy = PackagePolicy()
    lock = resolve(
        requirements.parse("", policy=policy, read=lambda path: None),
        interpreter=current(),
        policy=policy,
        cache=cache,
        storage=storage,
    )
    workflow = Workflow("w", "w", tasks=(Task("step", "steps.py", "step"),))
    tree = export_snapshot(mirror, commit, storage)
    release = Release("id", workflow, commit, tree, lock.key, current().version)
    storage.put(f"releases/{release.digest}.json", release.to_bytes())
    return release


def environment_python(release: Release, settings: WorkerSettings) -> Path:
    with use_environment(
        release.lock,
        python=release.python,
        storage=Storage(settings.storage),
        cache=Cache(settings.cache),
        policy=settings.packages,
    ) as environment:
        return environment.python


class Taken(NamedTuple):
    """Seconds from when it was asked for: to the first line of the function, and to the end."""

    first: float
    whole: float


def task(release: Release, settings: WorkerSettings) -> Taken:
    host = MemoryHost()
    process = TaskProcess(TaskRequest(release.digest, "step"), host, settings)
    asked = time.time()
    process.run()
    whole = time.time() - asked
    return Taken(began("\n".join(host.output("stdout"))) - asked, whole)


def command(argv: list[str], folder: Path, more: Mapping[str, str] | None = None) -> Taken:
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "UV_CACHE_DIR": str(folder / "uv")}
    asked = time.time()
    done = run(argv, env=env | dict(more or {}), cwd=folder, timeout=120)
    whole = time.time() - asked
    if done.returncode:
        raise RuntimeError(done.complaint)
    return Taken(began(done.stdout.decode()) - asked, whole)


def of_a_task(release: Release, settings: WorkerSettings) -> float:
    return task(release, settings).first


def of_a_command(argv: list[str], folder: Path, more: Mapping[str, str] | None = None) -> float:
    return command(argv, folder, more).first


def began(output: str) -> float:
    """When the function says that it began."""
    return float(output.split("began ")[1].split()[0])
