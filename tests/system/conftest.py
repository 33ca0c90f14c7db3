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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("system")


@pytest.fixture
def pilot(stack: Any) -> Iterator[Pilot]:
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
