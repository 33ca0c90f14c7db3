from __future__ import annotations

from collections.abc import Callable

from fastapi.testclient import TestClient

from taxiway import __version__
from taxiway.server.health.checks import PartHealth


def test_it_is_ready_when_every_part_is(any_client: TestClient) -> None:
    answer = any_client.get("/health/ready")
    assert answer.status_code == 200
    body = answer.json()
    assert body["status"] == "ready"
    assert body["parts"]["database"]["ok"] and body["parts"]["storage"]["ok"]


def test_a_part_that_is_not_well_or_whose_check_breaks_makes_it_not_ready(
    door: Callable[..., TestClient],
) -> None:
    def broken() -> PartHealth:
        raise RuntimeError("hunter2")

    client = door(
        health_checks={
            "airflow": lambda: PartHealth(ok=False, detail="No answer from the scheduler."),
            "other": broken,
        }
    )
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (503, "not-ready")
    parts = answer.json()["parts"]
    assert parts["airflow"] == {"ok": False, "detail": "No answer from the scheduler."}
    assert parts["other"]["ok"] is False and "hunter2" not in answer.text
    assert client.get("/health/live").json() == {"status": "alive"}


def test_the_version_is_told(client: TestClient) -> None:
    assert client.get("/version").json()["version"] == __version__
