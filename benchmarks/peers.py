"""From request to the user's first line beside what else one would use: warm, cold, many at once.

The function needs requests and PyYAML. Packages come from the index once, into the caches of all
sides; what is measured asks the network for nothing, but where it says so.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from uv import find_uv_bin

from benchmarks.counting import programs
from benchmarks.measure import (
    Options,
    Row,
    against,
    alone,
    not_measured,
    paired,
    seconds,
    trying,
    trying_all,
)
from benchmarks.others import mlflow, operator, project_files
from benchmarks.repository import SmallRepository
from benchmarks.starting import Taken, command, environment_python, task
from taxiway.environment import requirements
from taxiway.environment.bytecode import make_bytecode
from taxiway.environment.lock import resolve
from taxiway.environment.policy import PackagePolicy
from taxiway.environment.python import current
from taxiway.git.export import export_snapshot
from taxiway.git.mirror import Mirror
from taxiway.git.policy import GitPolicy
from taxiway.git.url import RepositoryUrl
from taxiway.release.model import Release
from taxiway.runner.settings import WorkerSettings
from taxiway.storage.cache import Cache, remove_tree
from taxiway.storage.eviction import Bounds, entries, prune
from taxiway.storage.store import Storage
from taxiway.workflow.models import Task, Workflow

PACKAGES = "requests\npyyaml\n"
STEPS = """\
import time


def step():
    print("began", time.time(), flush=True)
    import requests, yaml
    return yaml.safe_load("1")
"""
PYPROJECT = """\
[project]
name = "steps"
version = "1"
dependencies = ["requests", "pyyaml"]

[build-system]
requires = ["uv_build"]
build-backend = "uv_build"

[tool.uv.build-backend]
module-name = "steps"
module-root = ""
"""
WARM = "First line of a function with requests and PyYAML, all warm"
WHOLE = "The same, to its end"
COLD = "The same, commit and environment cold, packages cached"
COLD_GOAL = 0.7
HERD = "The last first line of {} tasks that start at once on a cold release"
# The mission's first version: everything anew for each task.
NAIVE = """\
import importlib.util, os, subprocess, sys, venv
url, commit, folder = sys.argv[1:]
subprocess.run(["git", "clone", "--quiet", url, folder], check=True)
subprocess.run(["git", "-C", folder, "checkout", "--quiet", commit], check=True)
venv.create(folder + "/.venv", with_pip=True)
python = folder + "/.venv/bin/python"
subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", folder + "/requirements.txt"], check=True)
code = "import importlib.util as u; s = u.spec_from_file_location('steps', '%s/steps.py'); m = u.module_from_spec(s); s.loader.exec_module(m); m.step()" % folder
subprocess.run([python, "-c", code], check=True)
"""


@dataclass
class Bench:
    folder: Path
    repository: SmallRepository
    commit: str
    release: Release
    settings: WorkerSettings
    mlflow: Callable[[], Taken] | None = None

    @property
    def network(self) -> dict[str, str]:
        """How this machine reaches the index; pip has another name for one of these."""
        found = dict(self.settings.packages.network)
        return found | ({"PIP_CERT": found["SSL_CERT_FILE"]} if "SSL_CERT_FILE" in found else {})

    def scratch(self, name: str) -> Path:
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    def ours(self) -> Taken:
        return task(self.release, self.settings)

    def cold(self) -> Taken:
        """Neither snapshot nor environment."""
        self.empty()
        return self.ours()

    def empty(self) -> None:
        """Take all but uv's own cache from ours, when nobody makes byte-code in it any more."""
        cache = Cache(self.settings.cache)
        while entries(cache):
            prune(cache, Bounds(max_bytes=1))
            time.sleep(0.05)  # what makes it wants a processor that nobody else does

    def naive(self) -> Taken:
        folder = self.scratch("naive")
        argv = [str(current().path), "-c", NAIVE, self.repository.url, self.commit]
        return command([*argv, str(folder / "clone")], self.folder, self.network)

    def uv_run(self, *more: str) -> Taken:
        argv = [find_uv_bin(), "run", "--no-project", "--no-config", "--python"]
        argv += [str(current().path), *more, "--with"]
        argv += [f"git+{self.repository.url}@{self.commit}"]
        argv += ["python", "-c", "import steps; steps.step()"]
        return command(argv, self.folder, self.network)

    def uv_run_cold(self) -> Taken:
        """A commit that uv has not seen; packages stay in its cache."""
        self.scratch("fresh")
        fresh = SmallRepository(self.folder / "fresh" / "repository")
        commit = fresh.add(_files())
        argv = [find_uv_bin(), "run", "--no-project", "--no-config", "--python"]
        argv += [str(current().path), "--with", f"git+{fresh.url}@{commit}"]
        argv += ["python", "-c", "import steps; steps.step()"]
        return command(argv, self.folder, self.network)

    def bare(self) -> Taken:
        python = environment_python(self.release, self.settings)
        script = self.folder / "script.py"
        script.write_text(f"{STEPS}\n\nstep()\n")
        return command([str(python), str(script)], self.folder)

    def herd(self, tasks: int) -> tuple[float, list[str]]:
        """Seconds until the last one's first line, and what was made on the way."""
        self.empty()
        argv = [sys.executable, "-m", "benchmarks.herd_driver", self.release.digest, str(tasks)]
        env = dict(os.environ) | {"TAXIWAY_HOME": str(self.settings.cache.parent)}
        done = subprocess.run(argv, env=env, capture_output=True, text=True, check=True)
        seconds, *made = done.stdout.split()
        return float(seconds), made


def measure(options: Options) -> Iterator[Row]:
    folder = options.scratch / "peers"
    folder.mkdir()
    try:
        bench = _prepare(folder)
        yield from _warm(bench, options)
        yield from _cold(bench, options)
        for tasks in (16, options.sized(100)):
            yield trying(HERD.format(tasks), "", partial(_herd, bench, tasks, options))
    finally:
        remove_tree(folder / "home" / "cache")
        shutil.rmtree(folder, ignore_errors=True)


def _prepare(folder: Path) -> Bench:
    repository = SmallRepository(folder / "repository")
    commit = repository.add(_files())
    settings = replace(
        WorkerSettings.from_env({"TAXIWAY_HOME": str(folder / "home")}),
        packages=PackagePolicy.from_env(os.environ),
    )
    storage, cache = Storage(settings.storage), Cache(settings.cache)
    mirror = Mirror(cache, RepositoryUrl.parse(repository.url), GitPolicy(allow_local=(folder,)))
    mirror.fetch(commit)
    policy = settings.packages
    lock = resolve(
        requirements.parse(PACKAGES, policy=policy, read=lambda path: None),
        interpreter=current(),
        policy=policy,
        cache=cache,
        storage=storage,
    )
    workflow = Workflow("w", "w", tasks=(Task("step", "steps.py", "step"),))
    exported = export_snapshot(mirror, commit, storage)
    tree = exported if isinstance(exported, str) else exported.tree
    release = Release("id", workflow, commit, tree, lock.key, lock.python)
    storage.put(f"releases/{release.digest}.json", release.to_bytes())
    return Bench(folder, repository, commit, release, settings)


def _files() -> dict[str, str]:
    files = {"steps.py": STEPS, "requirements.txt": PACKAGES, "pyproject.toml": PYPROJECT}
    files["steps/__init__.py"] = STEPS  # a package, for who installs it
    return files | project_files()


def _warm(bench: Bench, options: Options) -> Iterator[Row]:
    bench.ours()
    cache, release = Cache(bench.settings.cache), bench.release
    for kind, key in (("environments", release.lock), ("snapshots", release.tree or "")):
        make_bytecode(cache, kind, key, release.python, bench.settings.packages)
    yield from _beside(bench, "the environment's `python`", bench.bare, options.pairs, 2.5)
    name = "`uv run --offline --with git+…@commit`"
    bench.uv_run()
    offline = partial(bench.uv_run, "--offline")
    yield from _beside(bench, name, offline, options.pairs, 1.0)
    name = "`uv run --with git+…@commit`, online"
    yield from _beside(bench, name, bench.uv_run, options.slow_pairs)
    name = "`PythonVirtualenvOperator` with its cache"
    home = bench.scratch("airflow")
    with operator(home, PACKAGES, bench.folder / "uv", bench.network) as theirs:
        yield from _beside(bench, name, theirs, options.pairs, 1.0)
    mlflow_run = partial(_mlflow, bench)
    yield from _beside(bench, "`mlflow run --env-manager uv`", mlflow_run, options.slow_pairs)


def _mlflow(bench: Bench) -> Taken:
    if bench.mlflow is None:
        bench.mlflow = mlflow(bench.folder, bench.repository.url, bench.commit, bench.network)
    return bench.mlflow()


def _beside(
    bench: Bench, name: str, theirs: Callable[[], Taken], count: int, goal: float | None = None
) -> list[Row]:
    """To the first line, which the goal is about, and to the end, of the same tasks."""
    try:
        theirs()  # what it keeps for the next time is there now
        found = [(bench.ours(), theirs()) for _ in range(count)]
    except Exception as error:
        return [not_measured(WARM, name, error)]
    _, counts = programs(bench.ours)
    first = paired([(ours.first, other.first) for ours, other in found])
    whole = paired([(ours.whole, other.whole) for ours, other in found])
    return [
        against(WARM, name, first, goal=goal, counts=counts),
        against(WHOLE, name, whole, goal=None, counts=counts),
    ]


def _cold(bench: Bench, options: Options) -> Iterator[Row]:
    def beside(name: str, theirs: Callable[[], Taken], goal: float | None) -> Iterator[Row]:
        theirs()
        found = [(bench.cold().first, theirs().first) for _ in range(options.slow_pairs)]
        pairs, (_, counts) = paired(found), programs(bench.cold)
        if goal:
            yield alone(COLD, pairs.ours, goal=COLD_GOAL, count=pairs.count, counts=counts)
        yield against(COLD, name, pairs, goal=goal, counts=counts)

    name = "`uv run --with git+…@commit`, a commit that is new to it"
    yield from trying_all(COLD, name, lambda: beside(name, bench.uv_run_cold, None))
    name = "clone, venv, pip, importlib"
    yield from trying_all(COLD, name, lambda: beside(name, bench.naive, 0.1))


def _herd(bench: Bench, tasks: int, options: Options) -> Row:
    found = [bench.herd(tasks) for _ in range(options.slow_pairs)]
    counts = {(made.count("_build"), made.count("_fill")) for _, made in found}
    said = " or ".join(f"{built} built, {filled} unpacked" for built, filled in sorted(counts))
    middle = statistics.median(one for one, _ in found)
    return Row(
        HERD.format(tasks),
        seconds(middle),
        "",
        None,
        "1 of each",
        counts == {(1, 1)},
        len(found),
        said,
    )
