"""Airflow is away while something is deployed: it waits, is seen to wait, and arrives by itself."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.integration


def test_a_release_waits_for_an_airflow_that_is_down_and_arrives_by_itself(live: Any) -> None:
    made = live.inline()
    live.orchestrator.down = True
    answer = live.client.post(f"/api/v1/workflows/{made['id']}/deploy?wait=1")
    assert answer.status_code == 202
    place = answer.headers["location"]

    def waits() -> Any:
        found = live.client.get(place).json()
        return found if found["state"] == "publishing" else None

    waiting = live.eventually(waits)
    assert waiting["waits_for"] == "published, not yet seen by Airflow"
    assert waiting["is_current"] is True
    assert live.dag_of(made) is not None  # it is in the storage already
    live.orchestrator.down = False
    live.eventually(lambda: live.client.get(place).json()["state"] == "ready")
    assert live.client.get(place).json()["waits_for"] is None
    assert live.trigger(made)["release"] == 1


def test_a_rollback_waits_for_it_too(live: Any) -> None:
    made = live.inline()
    live.deploy(made)
    live.patch(made, description="two")
    live.deploy(made)
    live.orchestrator.down = True
    done = live.post(f"/workflows/{made['id']}/rollback?wait=0", {"release": 1}, 200)
    assert done["release"]["waits_for"] == "published, not yet seen by Airflow"
    assert (done["release"]["is_current"], done["hold"]["release"]) == (True, 1)
    live.orchestrator.down = False
    place = f"/api/v1/workflows/{made['id']}/releases/1"
    live.eventually(lambda: live.client.get(place).json()["state"] == "ready")
