"""Deleting workflows: in the order that leaves nothing frozen in Airflow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from taxiway.server.database import RunRow, WorkflowRow

pytestmark = pytest.mark.integration


def delete(live: Any, workflow: Any, query: str = "") -> Any:
    return live.client.delete(f"/api/v1/workflows/{workflow['id']}{query}")


def test_a_workflow_is_unscheduled_stopped_unpublished_and_erased_in_this_order(
    any_live: Any,
) -> None:
    live = any_live
    made = live.inline(schedule="@daily")
    live.deploy(made)
    run = live.trigger(made)
    answer = delete(live, made)
    assert (answer.status_code, answer.json()["code"]) == (409, "workflow-has-runs")
    assert answer.json()["runs"] == [run["id"]]
    assert run["id"] in answer.json()["detail"]
    seen: list[tuple[str, bool, bool]] = []
    real_cancel, real_delete = live.orchestrator.cancel, live.orchestrator.delete

    def note(what: str) -> None:
        text = live.dag_of(made)
        seen.append((what, text is not None, '"@daily"' in (text or "")))

    live.orchestrator.cancel = lambda *given: (note("cancel"), real_cancel(*given))
    live.orchestrator.delete = lambda *given: (note("delete"), real_delete(*given))
    assert delete(live, made, "?cancel=true").status_code == 204
    assert seen == [("cancel", True, False), ("delete", False, False)]
    assert live.orchestrator.dag(made["dag_id"]) is None
    assert live.get(f"/workflows/{made['id']}", 404)["code"] == "workflow-not-found"
    kept = live.get(f"/runs/{run['id']}")
    assert (kept["state"], kept["release"], kept["workflow_name"]) == ("canceled", 1, "digits")
    assert live.get(f"/workflows/{made['id']}/runs")["items"] == [kept]
    assert live.get(f"/runs/{run['id']}/tasks")["total"] == 0
    assert delete(live, made).status_code == 404


def test_a_run_that_a_schedule_started_unseen_is_stopped_and_recorded_too(live: Any) -> None:
    made = live.inline(schedule="@daily")
    live.deploy(made)
    live.orchestrator.trigger(made["dag_id"], "scheduled__2030-01-01", conf={})
    assert delete(live, made).status_code == 204
    [run] = live.get(f"/workflows/{made['id']}/runs")["items"]
    assert (run["state"], run["trigger"]) == ("canceled", "schedule")
    again = live.inline(schedule="@daily")
    live.deploy(again)
    live.orchestrator.trigger(again["dag_id"], "scheduled__2030-01-01", conf={})
    live.eventually(lambda: live.get(f"/workflows/{again['id']}/runs")["total"] == 1)
    assert live.get(f"/runs/{run['id']}")["workflow_id"] == made["id"]


def test_while_airflow_is_down_deleting_answers_at_once_and_goes_on_later(
    live: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taxiway.server.machinery.RETIRE_SECONDS", 10_000)  # it is not waited for
    made = live.inline()
    live.deploy(made)
    live.orchestrator.down = True
    assert delete(live, made).status_code == 204
    body = live.post("/workflows", {"name": "digits"}, status=409)
    assert body["code"] == "workflow-being-removed"
    assert live.dag_of(made) is not None
    live.orchestrator.down = False
    live.eventually(lambda: live.dag_of(made) is None)
    again = live.eventually(
        lambda: (
            (a := live.client.post("/api/v1/workflows", json={"name": "digits"})).is_success
            and a.json()
        )
    )
    live.task(again, "load")
    live.deploy(again)
    assert live.dag_of(again) is not None
    assert live.trigger(again)["release"] == 1


def test_a_workflow_that_was_never_published_leaves_at_once(live: Any) -> None:
    made = live.inline()
    assert delete(live, made).status_code == 204
    assert live.orchestrator.calls == []
    assert live.deploy(live.inline())["number"] == 1


def test_a_deletion_that_was_killed_goes_on_at_the_next_start(
    start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = start()
    made = killed.inline()
    killed.deploy(made)
    run = killed.trigger(made)
    killed.machinery.reconciler.stop()
    assert delete(killed, made, "?cancel=true").status_code == 204
    assert killed.dag_of(made) is not None
    second = start()
    second.eventually(lambda: ("delete", "digits") in second.orchestrator.calls)
    assert second.get(f"/runs/{run['id']}")["state"] == "canceled"


def test_a_deploy_in_progress_does_not_bring_a_deleted_workflow_back(
    live: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = live.inline()
    real = live.machinery.current._put_dag

    def slow(*given: Any) -> Any:
        assert delete(live, made).status_code == 204
        monkeypatch.setattr(live.machinery.current, "_put_dag", real)
        return real(*given)

    monkeypatch.setattr(live.machinery.current, "_put_dag", slow)
    assert live.deploy(made, status=409)["code"] == "workflow-deleted"
    assert live.dag_of(made) is None
    with live.database.reading() as session:
        assert session.get_one(WorkflowRow, made["id"]).retired_at is not None


def test_a_run_on_record_that_airflow_never_had_does_not_hold_a_deletion_up(live: Any) -> None:
    made = live.inline()
    live.deploy(made)
    with live.database.writing() as session:
        ghost = {"dag_id": "digits", "airflow_run_id": "taxiway__x", "workflow_name": "digits"}
        session.add(RunRow(id="x", workflow_id=made["id"], **ghost))
    assert delete(live, made, "?cancel=true").status_code == 204
    live.eventually(lambda: live.dag_of(made) is None)
    assert live.get("/runs/x")["state"] == "canceled"


def test_what_is_wrong_with_one_workflow_holds_up_no_other(live: Any) -> None:
    broken, well = live.inline("broken"), live.inline("well")
    real = live.orchestrator.look

    def look(dag_id: str) -> None:
        if dag_id == "broken":
            raise ValueError("odd")
        real(dag_id)

    live.orchestrator.look = look
    live.deploy(broken, status=202, wait=0)
    assert live.deploy(well)["state"] == "ready"
    live.orchestrator.look = real
    path = f"/workflows/{broken['id']}/releases/1"
    live.eventually(lambda: live.get(path)["state"] == "ready")
    live.eventually(lambda: live.machinery.reconciler._watched == {}, 30)
