"""A sealed release, from its repository to the value that a task returns."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from taxiway.environment import requirements
from taxiway.environment.lock import resolve
from taxiway.environment.policy import PackagePolicy
from taxiway.environment.python import current
from taxiway.errors import Invalid, NotFound, TaskFailed
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

pytestmark = pytest.mark.integration

TRAIN = """
import os
from data import rows
def train(context, epochs, **kwargs):
    print("training for", epochs)
    return {"rows": rows(), "epochs": epochs, "env": {k: v for k, v in os.environ.items() if k.startswith(("TAXIWAY_", "MY_"))}}
"""
GIT = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.org",
}


def warm_setting(mode: str) -> dict[str, str]:
    return {"TAXIWAY_WARM": "true"} if mode == "forked" else {}


@pytest.fixture
def settings(tmp_path: Path, mode: str) -> Iterator[WorkerSettings]:
    env = {"TAXIWAY_HOME": str(tmp_path / "home"), "TAXIWAY_ALLOW_BUILDS": ""}
    yield WorkerSettings.from_env(env | warm_setting(mode))
    remove_tree(tmp_path / "home" / "cache")


@pytest.fixture
def release(tmp_path: Path, settings: WorkerSettings) -> Release:
    """A sealed release of a repository with one script, and one inline task beside it."""
    storage, cache = Storage(settings.storage), Cache(settings.cache)
    origin = tmp_path / "origin"
    (origin / "src").mkdir(parents=True)
    (origin / "src/train.py").write_text(TRAIN)
    (origin / "src/data.py").write_text("def rows():\n    return open('rows.txt').read()\n")
    (origin / "rows.txt").write_text("1,2")
    for args in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "one"]):
        assert run(["git", *args], env=GIT, cwd=origin, timeout=30).returncode == 0
    mirror = Mirror(
        cache, RepositoryUrl.parse(f"file://{origin}"), GitPolicy(allow_local=(tmp_path,))
    )
    commit = mirror.resolve("main")
    mirror.fetch(commit)
    policy = PackagePolicy()
    lock = resolve(
        requirements.parse("", policy=policy, read=lambda path: None),
        interpreter=current(),
        policy=policy,
        cache=cache,
        storage=storage,
    )
    tasks = (
        Task("train", "src/train.py", "train", params={"epochs": 1, "x": 2}, env={"MY_B": "task"}),
        Task("report", python_callable="def report(context):\n    return context['ti'].xcom_pull('train')"),
        Task("slow", python_callable="import time\ndef f():\n    time.sleep(600)", timeout=1),
        Task("slower", python_callable="import time\ndef f():\n    time.sleep(600)", timeout=15),
    )  # fmt: skip
    workflow = Workflow("W", "w", env={"MY_A": "workflow", "MY_B": "workflow"}, tasks=tasks)
    tree = export_snapshot(mirror, commit, storage)
    sealed = Release("id", workflow, commit, tree, lock.key, current().version)
    storage.put(f"releases/{sealed.digest}.json", sealed.to_bytes())
    return sealed


def test_a_task_runs_what_its_release_says(release: Release, settings: WorkerSettings) -> None:
    host = MemoryHost()
    commit = release.commit
    request = TaskRequest(
        release.digest, "train", {"run_id": "r"}, {"epochs": 3}, number=7, commit=commit
    )
    value = TaskProcess(request, host, settings).run()
    assert value["rows"] == "1,2"
    assert value["epochs"] == 3
    assert value["env"] == {
        "MY_A": "workflow",
        "MY_B": "task",
        "TAXIWAY_WORKFLOW": "w",
        "TAXIWAY_RELEASE": release.digest,
        "TAXIWAY_COMMIT": release.commit,
        "TAXIWAY_RUN_ID": "r",
        "TAXIWAY_TASK": "train",
    }
    assert host.output("stdout") == ["training for 3"]
    assert host.output("taxiway") == [
        f"Release 7, digest {release.digest}, commit {commit}, lock {release.lock}, "
        f"Python {release.python}"
    ]
    assert list((settings.cache / "workspaces").iterdir()) == []


def test_inline_tasks_and_time_outs(release: Release, settings: WorkerSettings) -> None:
    host = MemoryHost(xcom={("train", "return_value"): [1, 2]})
    assert TaskProcess(TaskRequest(release.digest, "report"), host, settings).run() == [1, 2]
    with pytest.raises(TaskFailed, match="did not end within 1 s"):
        TaskProcess(TaskRequest(release.digest, "slow"), host, settings).run()


def test_it_tells_where_its_time_went_as_far_as_it_came(
    release: Release, settings: WorkerSettings
) -> None:
    well = TaskProcess(TaskRequest(release.digest, "train", {}, {}), MemoryHost(), settings)
    well.run()
    phases = ["environment", "snapshot", "start", "import", "function"]
    assert list(well.timings) == phases
    assert all(0 <= seconds < 60 for seconds in well.timings.values())
    for task, seconds in (("slow", 1), ("slower", 15)):  # a busy machine gets more time to begin
        slow = TaskProcess(TaskRequest(release.digest, task), MemoryHost(), settings)
        with pytest.raises(TaskFailed, match=f"did not end within {seconds} s"):
            slow.run()
        if slow.timings.get("function", 0) > 0.3:
            break
    assert list(slow.timings) == phases
    assert slow.timings["function"] > 0.3
    assert sum(slow.timings[phase] for phase in phases[2:]) >= seconds
    lost = TaskProcess(TaskRequest("00", "train"), MemoryHost(), settings)
    with pytest.raises(NotFound):
        lost.run()
    assert lost.timings == {}


def test_killed_before_it_ran(release: Release, settings: WorkerSettings) -> None:
    process = TaskProcess(TaskRequest(release.digest, "slow"), MemoryHost(), settings)
    process.kill()
    with pytest.raises(TaskFailed, match="was canceled"):
        process.run()


def test_unknown_releases_and_tasks_are_named(release: Release, settings: WorkerSettings) -> None:
    def start(*request: Any) -> Any:
        return TaskProcess(TaskRequest(*request), MemoryHost(), settings).run()

    with pytest.raises(NotFound, match="no release 00"):
        start("00", "train")
    with pytest.raises(Invalid, match="has no task other"):
        start(release.digest, "other")


@pytest.mark.long
def test_a_task_says_whether_it_is_forked_before_its_workflow_and_that_before_the_worker(
    release: Release, settings: WorkerSettings
) -> None:
    storage = Storage(settings.storage)

    def forked(task: bool | None, workflow: bool | None, worker: bool) -> bool:
        tasks = (Task("look", python_callable="def f(): pass", warm=task),)
        declared = replace(release.workflow, tasks=tasks, warm=workflow)
        sealed = replace(release, workflow=declared)
        storage.put(f"releases/{sealed.digest}.json", sealed.to_bytes())
        request = TaskRequest(sealed.digest, "look")
        process = TaskProcess(request, MemoryHost(), replace(settings, warm=worker))
        process.run()
        return process.forked

    until = time.monotonic() + 60
    while not forked(None, True, worker=False):
        assert time.monotonic() < until
    assert forked(True, False, worker=False)
    assert forked(None, None, worker=True)
    assert not forked(False, True, worker=True)
    assert not forked(None, False, worker=True)
    assert not forked(None, None, worker=False)
