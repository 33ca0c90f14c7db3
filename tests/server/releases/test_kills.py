"""Servers that are killed in the middle of a deploy: the next one goes on, and nothing is lost."""

from __future__ import annotations

import ast
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import doomed
import pytest
from sqlalchemy import select

from taxiway.release.model import Release
from taxiway.server.database import Database, ReleaseRow, TaskRow, WorkflowRow
from taxiway.server.publishing import publications
from taxiway.server.releases.service import start_deploy
from taxiway.storage.bundles import current_generation, read_bundle, read_shard, shard_of
from taxiway.storage.store import Storage

pytestmark = pytest.mark.integration

TRAIN = "def train_model(context, **kwargs):\n    return 1\n"
RANDOM_KILLS = 50


@dataclass
class Doomed:
    """A database and a storage, and servers for them that end as they are told."""

    place: list[str]
    origin: Path
    database: Database
    storage: Storage
    forker: subprocess.Popen[str]
    commits: int = 0

    def serve(self, **order: Any) -> list[int]:
        assert self.forker.stdin is not None
        assert self.forker.stdout is not None
        self.forker.stdin.write(json.dumps({"place": self.place, **order}) + "\n")
        self.forker.stdin.flush()
        found: list[int] = json.loads(self.forker.stdout.readline())
        return found

    def git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.origin, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def deploy(self) -> str:
        """Push a commit and ask for its deploy, as a request does; the commit."""
        self.commits += 1
        (self.origin / "train.py").write_text(f"{TRAIN}# {self.commits}\n")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", f"commit {self.commits}")
        with self.database.writing() as session:
            workflow = publications.lock_workflow(session, "w1")
            tasks = session.scalars(select(TaskRow)).all()
            start_deploy(session, workflow, tasks)
        return self.git("rev-parse", "HEAD")

    def releases(self) -> list[ReleaseRow]:
        with self.database.reading() as session:
            return list(session.scalars(select(ReleaseRow).order_by(ReleaseRow.number)))

    def require_whole(self) -> Release | None:
        """What is published now is all there, whatever was killed: the release of it."""
        generation = current_generation(self.storage)
        for shard, digest in read_bundle(self.storage, generation).items():
            assert shard == shard_of("digits")
            entry = read_shard(self.storage, digest)["digits"]
            ast.parse(self.storage.get(f"dags/{entry.dag}.py"))
            release = Release.from_bytes(self.storage.get(f"releases/{entry.release}.json"))
            manifest = json.loads(self.storage.get(f"snapshots/{release.tree}.json"))
            for layer in manifest["layers"]:
                assert self.storage.exists(f"layers/{layer['digest']}.tar.zst")
            assert self.storage.exists(f"locks/{release.lock}.txt")
            return release
        return None

    def require_arrived(self, commit: str) -> None:
        """Every deploy that was asked for is ready, once, and the last one is current."""
        rows = self.releases()
        assert [(row.number, row.state) for row in rows] == [
            (number + 1, "ready") for number in range(len(rows))
        ]
        assert rows[-1].commit == commit
        with self.database.reading() as session:
            workflow = session.get_one(WorkflowRow, "w1")
            shown = publications.latest(session, "w1")
            generations = publications.generations_above(session, 0)
        assert workflow.current_release_id == rows[-1].id
        assert workflow.git_commit_sha == commit
        assert shown is not None
        assert (shown.release_id, shown.generation) == (rows[-1].id, rows[-1].generation)
        assert shown.confirmed_at is not None
        assert generations == list(range(1, current_generation(self.storage) + 1))
        found = self.require_whole()
        assert found is not None
        assert found.digest == rows[-1].digest


@pytest.fixture(scope="module")
def forker() -> Iterator[subprocess.Popen[str]]:
    """It imports everything once, for all tests."""
    command = [sys.executable, doomed.__file__]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, text=True, **pipes)  # type: ignore[call-overload]
    yield process
    process.stdin.close()
    assert process.wait(timeout=doomed.PATIENCE * 2) == 0
    process.stdout.close()


@pytest.fixture
def servers(
    home: Path, shared_cache: Path, tmp_path: Path, forker: subprocess.Popen[str]
) -> Iterator[Doomed]:
    origin = tmp_path / "origins" / "digits"
    origin.mkdir(parents=True)
    place = [str(home), str(shared_cache), str(origin.parent)]
    database = Database(f"sqlite:///{home}/taxiway.db")
    made = Doomed(place, origin, database, Storage(f"file://{home}/storage"), forker)
    made.git("init", "-q", "-b", "main")
    with database.writing() as session:
        session.add(
            WorkflowRow(id="w1", name="digits", dag_id="digits", git_repository=f"file://{origin}")
        )
        session.flush()
        session.add(
            TaskRow(
                workflow_id="w1",
                name="train_model",
                script_path="train.py",
                function_name="train_model",
            )
        )
    yield made
    database.close()


def test_a_deploy_goes_on_after_a_kill_at_every_step(servers: Doomed) -> None:
    first = servers.deploy()
    assert servers.serve() == [0]
    servers.require_arrived(first)
    shown = servers.require_whole()
    second = servers.deploy()
    for step in doomed.STEPS:
        assert servers.serve(step=step) == [signal.SIGKILL], step
        if step not in ("bundles", "seen"):
            assert servers.require_whole() == shown  # nothing half-built is shown
    assert servers.serve() == [0]
    servers.require_arrived(second)


@pytest.mark.long
def test_deploys_go_on_after_fifty_kills_at_random_moments(servers: Doomed) -> None:
    chance = random.Random(int(os.environ.get("PYTEST_SEED", "7")))
    commit = servers.deploy()
    kills = 0
    for _ in range(RANDOM_KILLS * 3):
        (ended,) = servers.serve(seconds=chance.uniform(0.0, 0.25))
        assert ended in (0, signal.SIGKILL)
        servers.require_whole()
        kills += ended == signal.SIGKILL
        if kills == RANDOM_KILLS:
            break
        if ended == 0:
            commit = servers.deploy()
    assert kills == RANDOM_KILLS
    assert servers.serve() == [0]
    servers.require_arrived(commit)


def test_two_servers_that_deploy_one_workflow_at_once_lose_nothing(servers: Doomed) -> None:
    for _ in range(4):
        commit = servers.deploy()
    assert servers.serve(servers=2) == [0, 0]
    servers.require_arrived(commit)
