"""Requests made from the OpenAPI document: whatever is sent, no answer is a 5xx of ours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings

from taxiway.server.database import Database

pytestmark = pytest.mark.integration

EXAMPLES = 5
SAYS_503_OF_AIRFLOW = {"getReadiness"}
ADDRESS = "http://localhost:8000"


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, shared_app: FastAPI) -> Iterator[TestClient]:
    """The service on both engines; what escapes from it is an answer, as it is outside tests."""
    if request.param == "sqlite":
        url = f"sqlite:///{request.getfixturevalue('home')}/taxiway.db"
    else:
        make: Callable[..., str] = request.getfixturevalue("new_postgres")
        url = make(request.getfixturevalue("postgres_template"))
    database = Database(url)
    shared_app.state.database = database
    yield TestClient(shared_app, base_url=ADDRESS, follow_redirects=False)
    database.close()


def test_no_request_makes_the_server_fail(server: TestClient) -> None:
    made = server.post("/api/v1/workflows", json={"name": "there"}).json()["id"]
    document: Any = server.app.openapi()  # type: ignore[attr-defined]
    schema = schemathesis.openapi.from_dict(document)
    tried: Counter[str] = Counter()
    failed: list[str] = []
    for result in schema.get_all_operations():
        _attempt(server, result.ok(), made, tried, failed)
    assert len(tried) > 25
    assert failed == []


def _attempt(
    server: TestClient, operation: Any, workflow: str, tried: Counter[str], failed: list[str]
) -> None:
    name = operation.definition.raw["operationId"]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def attempt(case: Any) -> None:
        tried[name] += 1
        if name != "deleteWorkflow" and tried[name] % 2 and "workflow_id" in case.path_parameters:
            case.path_parameters["workflow_id"] = workflow  # past the 404
        sent = case.as_transport_kwargs(base_url=ADDRESS)
        for unused in ("timeout", "cookies"):
            sent.pop(unused, None)
        if "data" in sent:
            sent["content"] = sent.pop("data")
        answer = server.request(**sent)
        if answer.status_code >= 500 and name not in SAYS_503_OF_AIRFLOW:
            failed.append(f"{case.method} {sent}: {answer.text[:300]}")

    attempt()
