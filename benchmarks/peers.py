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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from uv import find_uv_bin

from benchmarks.measure import Options, Row, against, alone, in_pairs
from benchmarks.repository import SmallRepository
from benchmarks.starting import environment_python, of_a_command, of_a_task
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
COLD = "The same, commit and environment cold, packages cached"
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


@dataclass(frozen=True)
class Bench:
    folder: Path
    repository: SmallRepository
    commit: str
    release: Release
    settings: WorkerSettings

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

    def ours(self) -> float:
        return of_a_task(self.release, self.settings)

    def cold(self) -> float:
        """Neither snapshot nor environment."""
        self.empty()
        return self.ours()

    def empty(self) -> None:
        """Take all but uv's own cache from ours, when nobody makes byte-code in it any more."""
        cache = Cache(self.settings.cache)
        while entries(cache):
            prune(cache, Bounds(max_bytes=1))

    def naive(self) -> float:
        folder = self.scratch("naive")
        argv = [str(current().path), "-c", NAIVE, self.repository.url, self.commit]
        return of_a_command([*argv, str(folder / "clone")], self.folder, self.network)

    def uv_run(self, *more: str) -> float:
        argv = [find_uv_bin(), "run", "--no-project", "--no-config", "--python"]
        argv += [str(current().path), *more, "--with"]
        argv += [f"git+{self.repository.url}@{self.commit}"]
        argv += ["python", "-c", "import steps; steps.step()"]
        return of_a_command(argv, self.folder, self.network)

    def bare(self) -> float:
        python = environment_python(self.release, self.settings)
        script = self.folder / "script.py"
        script.write_text(f"{STEPS}\n\nstep()\n")
        return of_a_command([str(python), str(script)], self.folder)

    def herd(self, tasks: int) -> tuple[float, list[str]]:
        """Seconds until the last one's first line, and what was made on the way."""
        self.empty()
        argv = [sys.executable, "-m", "benchmarks.herd_driver", self.release.digest, str(tasks)]
        env = dict(os.environ) | {"TAXIWAY_HOME": str(self.settings.cache.parent)}
        done = subprocess.run(argv, env=env, capture_output=True, text=True, check=True)
        seconds, *made = done.stdout.split()
        return float(seconds), made


def measure(options: Options) -> list[Row]:
    folder = options.scratch / "peers"
    folder.mkdir()
    try:
        bench = _prepare(folder)
        return [*_warm(bench, options), *_cold(bench, options), *_herd(bench, options)]
    finally:
        remove_tree(folder / "home" / "cache")
        shutil.rmtree(folder, ignore_errors=True)


def _prepare(folder: Path) -> Bench:
    repository = SmallRepository(folder / "repository")
    files = {"steps.py": STEPS, "requirements.txt": PACKAGES, "pyproject.toml": PYPROJECT}
    files["steps/__init__.py"] = STEPS  # a package, for who installs it
    commit = repository.add(files)
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


def _warm(bench: Bench, options: Options) -> list[Row]:
    bench.ours()
    cache, release = Cache(bench.settings.cache), bench.release
    for kind, key in (("environments", release.lock), ("snapshots", release.tree or "")):
        make_bytecode(cache, kind, key, release.python, bench.settings.packages)
    bench.uv_run()
    rows = [
        _against(WARM, "the environment's `python`", bench.ours, bench.bare, options.pairs, 2.5),
        _against(
            WARM,
            "`uv run --offline --with git+…@commit`",
            bench.ours,
            lambda: bench.uv_run("--offline"),
            options.pairs,
            1.0,
        ),
        _against(
            WARM,
            "`uv run --with git+…@commit`, online",
            bench.ours,
            bench.uv_run,
            options.slow_pairs,
            None,
        ),
    ]
    with _operator(bench) as operator:
        operator()
        name = "`PythonVirtualenvOperator` with its cache"
        rows.append(_against(WARM, name, bench.ours, operator, options.pairs, 1.0))
    return rows


def _cold(bench: Bench, options: Options) -> list[Row]:
    bench.naive()
    pairs = in_pairs(bench.cold, bench.naive, options.slow_pairs)
    row = against(COLD, "clone, venv, pip, importlib", pairs, goal=0.1)
    return [alone(COLD, pairs.ours, goal=0.7), row]


def _herd(bench: Bench, options: Options) -> list[Row]:
    rows = []
    for tasks in (16, options.sized(100)):
        found = [bench.herd(tasks) for _ in range(3)]
        counts = {(made.count("_build"), made.count("_fill")) for _, made in found}
        [(built, unpacked)] = counts
        said = f"{built} environment built, {unpacked} snapshot unpacked"
        seconds = statistics.median(one for one, _ in found)
        rows.append(
            Row(HERD.format(tasks), f"{seconds:.2f} s", said, None, "1 of each", counts == {(1, 1)})
        )
    return rows


def _against(
    what: str,
    name: str,
    ours: Callable[[], float],
    theirs: Callable[[], float],
    count: int,
    goal: float | None,
) -> Row:
    return against(what, name, in_pairs(ours, theirs, count), goal=goal)


@contextmanager
def _operator(bench: Bench) -> Iterator[Callable[[], float]]:
    home = bench.scratch("airflow")
    env = {
        **bench.network,
        **{"PATH": os.environ["PATH"], "HOME": str(home), "AIRFLOW_HOME": str(home)},
        **{"UV_CACHE_DIR": str(bench.folder / "uv"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"},
        "AIRFLOW_VAR_PYTHON_VIRTUALENV_OPERATOR_CACHE_KEY": "1",
    }
    argv = [sys.executable, "-m", "benchmarks.operator_driver", str(home / "cache")]
    with (home / "log").open("w") as log:
        process = subprocess.Popen(
            [*argv, *PACKAGES.split()],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        assert process.stdin is not None and process.stdout is not None
        read, write = process.stdout, process.stdin

        def once() -> float:
            write.write("go\n")
            write.flush()
            return float(read.readline() or "nan")

        try:
            yield once
        finally:
            write.close()
            process.wait(30)
            read.close()
