"""Requests made from the OpenAPI document: whatever is sent, no answer is a 5xx of ours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings

from taxiway.server.database import Database

pytestmark = pytest.mark.integration

SAYS_503_OF_AIRFLOW = {"getReadiness"}
ADDRESS = "http://localhost:8000"


@pytest.fixture
def databases(
    home: Path, new_postgres: Callable[..., str], postgres_template: str
) -> Iterator[list[Database]]:
    """One on each engine: what a request may be is made up once for both."""
    made = [Database(f"sqlite:///{home}/taxiway.db"), Database(new_postgres(postgres_template))]
    yield made
    for database in made:
        database.close()


@pytest.mark.parametrize("examples", [2, pytest.param(20, marks=pytest.mark.long)])
def test_no_request_makes_the_server_fail(
    shared_app: FastAPI, databases: list[Database], examples: int
) -> None:
    """Also what escapes from the service is an answer here, as it is outside tests."""
    server = TestClient(shared_app, base_url=ADDRESS, follow_redirects=False)
    made = {}
    for database in databases:
        shared_app.state.database = database
        made[database] = server.post("/api/v1/workflows", json={"name": "there"}).json()["id"]
    document: Any = shared_app.openapi()
    schema = schemathesis.openapi.from_dict(document)
    tried: Counter[str] = Counter()
    failed: list[str] = []
    for result in schema.get_all_operations():
        _attempt(server, result.ok(), examples, made, tried, failed)
    assert len(tried) > 25
    assert failed == []


def _attempt(
    server: TestClient,
    operation: Any,
    examples: int,
    workflows: dict[Database, str],
    tried: Counter[str],
    failed: list[str],
) -> None:
    name = operation.definition.raw["operationId"]

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def attempt(case: Any) -> None:
        tried[name] += 1
        is_there = name != "deleteWorkflow" and tried[name] % 2  # past the 404
        for database, workflow in workflows.items():
            server.app.state.database = database  # type: ignore[attr-defined]
            if is_there and "workflow_id" in case.path_parameters:
                case.path_parameters["workflow_id"] = workflow
            sent = case.as_transport_kwargs(base_url=ADDRESS)
            for unused in ("timeout", "cookies"):
                sent.pop(unused, None)
            if "data" in sent:
                sent["content"] = sent.pop("data")
            answer = server.request(**sent)
            if answer.status_code >= 500 and name not in SAYS_503_OF_AIRFLOW:
                failed.append(f"{database.engine.name} {case.method} {sent}: {answer.text[:300]}")

    attempt()
