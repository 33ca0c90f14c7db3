"""Fixtures of the system tests; each of them runs on the one real stack."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pilot import Gate, Pilot, Repository

from taxiway.client.http import TaxiwayClient


@pytest.fixture(scope="session")
def scheduled(stack: Any) -> Any:
    """The release of a workflow that runs each minute, deployed before everything else."""
    with TaxiwayClient(stack.server_url) as client:
        pilot = Pilot(client)
        task = {"name": "task", "python_callable": "def task():\n    return 1\n"}
        return pilot.deploy(pilot.workflow(task, schedule="* * * * *"))


@pytest.fixture
def pilot(stack: Any, scheduled: Any) -> Iterator[Pilot]:
    with TaxiwayClient(stack.server_url) as client:
        yield Pilot(client)


@pytest.fixture
def make_repository(stack: Any) -> Callable[[], Repository]:
    return lambda: Repository(stack.repositories / uuid.uuid4().hex[:10])


@pytest.fixture
def repository(make_repository: Callable[[], Repository]) -> Repository:
    return make_repository()


@pytest.fixture
def gate() -> Iterator[Gate]:
    folder = Path(tempfile.mkdtemp(prefix="taxiway-gate-"))
    folder.chmod(0o777)  # the task has a uid of its own
    yield Gate(folder)
    shutil.rmtree(folder)
