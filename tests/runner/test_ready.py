"""Cold and warm tasks, many at once, and what none of them can do to another."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.counting import programs
from taxiway.environment import requirements
from taxiway.environment.bytecode import has_bytecode
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
from taxiway.storage.cache import DAMAGED, Cache, remove_tree
from taxiway.storage.store import Storage
from taxiway.workflow.models import Task, Workflow
from tests.runner.test_execute import GIT, warm_setting

pytestmark = pytest.mark.integration

SCRIPT = """
import sys
LOADED = sorted(sys.modules)
import os
from lib import VALUE
def look():
    return VALUE
def loaded():
    return LOADED
def flags():
    return [sys.flags.isolated, sys.flags.dont_write_bytecode]
def spoil():
    here, said = os.path.dirname(os.path.abspath(__file__)), []
    for root in (here, sys.prefix):
        for folder, _, names in os.walk(root):
            paths = [folder, *(os.path.join(folder, name) for name in (*names, "new.py"))]
            for path in (path for path in paths if not os.path.islink(path)):
                for way in (lambda: open(path, "a").write("x = 1"), lambda: os.chmod(path, 0o777),
                            lambda: os.utime(path), lambda: os.rename(path, path + "x"),
                            lambda: os.chmod(linked(path), 0o777), lambda: os.unlink(path)):
                    try:
                        way()
                        said.append(path)
                    except OSError:
                        pass
    return said
def linked(path):
    os.link(path, os.path.join(os.environ["TMPDIR"], "link"), follow_symlinks=False)
    return os.path.join(os.environ["TMPDIR"], "link")
"""
# What each process of a herd does; it tells what it had to make.
HERD = """
import os, sys
from pathlib import Path
from taxiway.environment import build
from taxiway.git import snapshot
from taxiway.runner.execute import TaskProcess
from taxiway.runner.host import MemoryHost
from taxiway.runner.request import TaskRequest
from taxiway.runner.settings import WorkerSettings
def told(module, name):
    real = getattr(module, name)
    def telling(*args, **more):
        os.write(1, (name + os.linesep).encode())
        if name == "_write_manifest" and sys.argv[2] == "dies":
            try:
                Path(sys.argv[4]).touch(exist_ok=False)
            except FileExistsError:
                pass  # one has died
            else:
                os.kill(os.getpid(), 9)
        return real(*args, **more)
    setattr(module, name, telling)
told(build, "_build")
told(build, "_write_manifest")
told(snapshot, "_fill")
pids = []
for _ in range(int(sys.argv[3])):  # nothing that has threads was used yet
    pid = os.fork()
    if pid:
        pids.append(pid)
        continue
    request = TaskRequest(sys.argv[1], "look")
    os._exit(TaskProcess(request, MemoryHost(), WorkerSettings.from_env(os.environ)).run() != 42)
print("ended", *sorted(os.waitpid(pid, 0)[1] for pid in pids))
"""


@pytest.fixture
def settings(tmp_path: Path, mode: str) -> Iterator[WorkerSettings]:
    env = {"TAXIWAY_HOME": str(tmp_path / "home")}
    yield WorkerSettings.from_env(env | warm_setting(mode))
    remove_tree(tmp_path / "home" / "cache")


@pytest.fixture
def release(tmp_path: Path, settings: WorkerSettings) -> Release:
    """Sealed, with nothing made on this host."""
    storage, other = Storage(settings.storage), Cache(tmp_path / "server")
    origin = tmp_path / "origin"
    origin.mkdir()
    (origin / "work.py").write_text(SCRIPT)
    (origin / "lib.py").write_text("VALUE = 42\n")
    for args in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "one"]):
        assert run(["git", *args], env=GIT, cwd=origin, timeout=30).returncode == 0
    url = RepositoryUrl.parse(f"file://{origin}")
    mirror = Mirror(other, url, GitPolicy(allow_local=(tmp_path,)))
    mirror.fetch(commit := mirror.resolve("main"))
    policy = PackagePolicy()
    lock = resolve(
        requirements.parse("", policy=policy, read=lambda path: None),
        interpreter=current(),
        policy=policy,
        cache=other,
        storage=storage,
    )
    names = ("look", "loaded", "flags", "spoil")
    tasks = tuple(Task(name, "work.py", name) for name in names)
    exported = export_snapshot(mirror, commit, storage)
    tree = exported if isinstance(exported, str) else exported.tree
    sealed = Release("id", Workflow("w", "w", tasks=tasks), commit, tree, lock.key, lock.python)
    storage.put(f"releases/{sealed.digest}.json", sealed.to_bytes())
    return sealed


def start(release: Release, settings: WorkerSettings, task: str = "look", **more: Any) -> Any:
    process = TaskProcess(
        TaskRequest(release.digest, task), MemoryHost(), replace(settings, **more)
    )
    return process.run()


def wait_for(what: Any, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until
        time.sleep(0.02)


def herd(
    release: Release, settings: WorkerSettings, *, mode: str = "", tasks: int = 1
) -> subprocess.Popen[bytes]:
    env = {"PATH": os.environ["PATH"], "TAXIWAY_HOME": str(settings.cache.parent)}
    argv = [sys.executable, "-c", HERD, release.digest, mode or "-", str(tasks)]
    argv.append(str(settings.cache.parent / "died"))
    return subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_a_cold_task_leaves_byte_code_for_the_next_and_does_not_wait_for_it(
    release: Release, settings: WorkerSettings
) -> None:
    cache = Cache(settings.cache)
    assert release.tree is not None
    assert start(release, settings) == 42
    wait_for(lambda: has_bytecode(cache, "snapshots", release.tree or "", release.python))
    made = list((cache.path("snapshots", release.tree) / "__pycache__").iterdir())
    assert sorted(path.name.partition(".")[0] for path in made) == ["lib", "work"]
    assert start(release, settings) == 42  # its mark is what it was
    assert not (settings.cache / DAMAGED).exists()


def test_a_task_sees_nothing_of_what_is_around_it(
    release: Release, settings: WorkerSettings
) -> None:
    assert start(release, settings, "flags") == [1, True]


def test_a_warm_task_starts_its_interpreter_and_its_keeper_and_asks_for_nothing(
    release: Release, settings: WorkerSettings
) -> None:
    cache = Cache(settings.cache)
    kinds = (("snapshots", str(release.tree)), ("environments", release.lock))
    assert start(release, settings) == 42
    for kind, key in kinds:
        wait_for(lambda kind=kind, key=key: has_bytecode(cache, kind, key, release.python))
    for name in ("snapshots", "layers", "locks", "releases"):  # of the storage
        shutil.rmtree(settings.cache.parent / "storage" / name)
    with ExitStack() as others:  # one uses the entries, and one would build them
        for kind, key in kinds:
            others.enter_context(cache.lock(kind, key, shared=True))
            others.enter_context(cache.lock(kind, f"{key}.build"))
        loaded, started = programs(lambda: start(release, settings, "loaded"))
    assert started == "starts python 1×"  # the keeper, which starts the other
    bare = run(
        [
            str(cache.path(*kinds[1]) / "bin" / "python"),
            "-I",
            "-c",
            "import sys; print(*sys.modules)",
        ],
        env={},
        timeout=30,
    )
    own = {name for name in set(loaded) - set(bare.stdout.decode().split()) if name != "work"}
    assert {name for name in own if not name.startswith("taxiway_inside")} <= {"__future__"}
    assert len(own) <= 8


@pytest.mark.parametrize("user", ["nobody", "root"])
def test_no_task_harms_the_files_or_packages_of_another(
    release: Release, settings: WorkerSettings, user: str
) -> None:
    if os.geteuid() != 0 and user == "root":
        pytest.skip("NOT ROOT: tasks that are root are not tested here. Run as root")
    assert start(release, settings, "spoil", run_as_user=user) == []
    assert start(release, settings) == 42
    assert not (settings.cache / DAMAGED).exists()


@pytest.mark.parametrize("kind", ["snapshots", "environments"])
def test_what_was_damaged_is_set_aside_and_made_anew_before_user_code_runs(
    release: Release, settings: WorkerSettings, kind: str
) -> None:
    assert start(release, settings) == 42
    key = release.tree if kind == "snapshots" else release.lock
    entry = settings.cache / kind / str(key)
    spoiled = entry / ("lib.py" if kind == "snapshots" else "pyvenv.cfg")
    entry.chmod(0o755)
    spoiled.unlink()
    spoiled.write_text("VALUE = 13\n")
    assert start(release, settings) == 42
    assert [path.name.split(".")[0] for path in (settings.cache / DAMAGED).iterdir()] == [kind]


@pytest.mark.parametrize("tasks", [16, pytest.param(100, marks=pytest.mark.long)])
def test_a_herd_on_a_cold_release_unpacks_once_and_builds_once(
    release: Release, settings: WorkerSettings, tasks: int
) -> None:
    process = herd(release, settings, tasks=tasks)
    output, errors = process.communicate(timeout=280)
    made, ended = output.decode().split("ended")
    assert set(ended.split()) == {"0"}, errors.decode()
    assert sorted(made.split()) == ["_build", "_fill", "_write_manifest"]


def test_when_who_builds_is_killed_half_way_one_of_those_who_wait_takes_over(
    release: Release, settings: WorkerSettings
) -> None:
    process = herd(release, settings, mode="dies", tasks=4)
    output, errors = process.communicate(timeout=120)
    made, ended = output.decode().split("ended")
    assert ended.split() == ["0", "0", "0", str(signal.SIGKILL.value)], errors.decode()
    assert made.split().count("_build") == 2
    assert not (settings.cache / DAMAGED).exists()
