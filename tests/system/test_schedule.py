"""A schedule starts runs by itself: the one test that has to wait for the clock, so it comes last."""

from __future__ import annotations

from typing import Any

from pilot import Pilot, until


def test_a_schedule_starts_runs_by_itself(pilot: Pilot, scheduled: dict[str, Any]) -> None:
    workflow = scheduled["workflow_id"]
    runs = until(lambda: list(pilot.client.runs(workflow)), "a scheduled run", seconds=90)
    pilot.client.update_workflow(workflow, is_active=False)
    first = runs[-1]
    ended = pilot.end_of(first["id"])
    assert ended["state"] == "success"
    assert ended["trigger"] == "schedule"
    assert ended["release"] == scheduled["number"]
    assert ended["logical_date"] >= scheduled["created_at"][:16]
