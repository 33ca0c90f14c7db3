from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families


def figures(client: TestClient) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    answer = client.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def key(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


def test_requests_are_counted_by_the_templates_of_routes(any_client: TestClient) -> None:
    route = {"route": "/api/v1/workflows/{workflow_id}", "method": "GET"}
    counted = key("taxiway_http_requests_total", status="404", **route)
    before = figures(any_client).get(counted, 0)
    for secret in ("one-secret", "another-secret"):
        any_client.get(f"/api/v1/workflows/{secret}/")
        any_client.get(f"/{secret}")
        any_client.request(secret.upper(), "/api/v1/workflows")
    after = figures(any_client)
    assert after[counted] == before + 2
    assert after[key("taxiway_http_request_seconds_count", **route)] >= 2
    assert "secret" not in any_client.get("/metrics").text.lower()


def test_runs_and_releases_are_counted_by_state(any_client: TestClient) -> None:
    any_client.post("/api/v1/workflows", json={"name": "x"})
    found = figures(any_client)
    for state in ("queued", "running", "success", "failed", "canceled"):
        assert found[key("taxiway_runs", state=state)] == 0
    for state in ("preparing", "publishing", "ready", "failed"):
        assert found[key("taxiway_releases", state=state)] == 0
    assert found[key("taxiway_workflows")] == 1
    assert found[key("taxiway_publications_unconfirmed")] == 0
    assert found[key("taxiway_run_mirror_lag_seconds")] == 0


@pytest.mark.integration
def test_deploys_are_counted_by_outcome(live: Any) -> None:
    count = "taxiway_deploy_seconds_count"
    before = figures(live.client)
    live.deploy(live.inline())
    broken = live.workflow("broken")
    live.task(broken, "load", python_callable="def load(:")
    live.deploy(broken, status=422)
    after = figures(live.client)
    for outcome in ("published", "failed"):
        at = key(count, outcome=outcome)
        assert after[at] == before.get(at, 0) + 1, outcome
    assert after[key("taxiway_releases", state="ready")] == 1
