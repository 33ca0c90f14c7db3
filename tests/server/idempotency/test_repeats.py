"""What is repeated is carried out once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from taxiway.server.database import ReleaseRow, RequestRow, now

pytestmark = pytest.mark.integration


def post(live: Any, path: str, key: str, body: Any = None, client: TestClient | None = None) -> Any:
    headers = {"Idempotency-Key": key}
    return (client or live.client).post(f"/api/v1{path}", json=body, headers=headers)


def test_a_repeated_deploy_and_trigger_get_the_first_answer_again(any_live: Any) -> None:
    workflow = any_live.inline()
    path = f"/workflows/{workflow['id']}"
    first, second = (post(any_live, f"{path}/deploy", "d-1") for _ in range(2))
    assert first.status_code == 200
    assert (second.status_code, second.json()) == (200, first.json())
    assert second.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert any_live.get(f"{path}/releases")["total"] == 1
    body = {"params": {"load": {"x": 1}}}
    runs = [post(any_live, f"{path}/runs", "r-1", body) for _ in range(3)]
    assert [run.status_code for run in runs] == [201, 201, 201]
    assert len({run.text for run in runs}) == 1
    assert any_live.get(f"{path}/runs")["total"] == 1


def test_a_key_stands_for_one_request(any_live: Any) -> None:
    workflow = any_live.inline()
    path = f"/workflows/{workflow['id']}"
    assert post(any_live, f"{path}/deploy", "k").status_code == 200
    for answer in (post(any_live, f"{path}/deploy", "k", {}), post(any_live, f"{path}/runs", "k")):
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-reused")
        assert "'k'" in answer.json()["detail"]
    refused = post(any_live, f"{path}/deploy", "a b")
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency-key-refused")


def test_two_servers_carry_a_request_out_once(start: Callable[..., Any]) -> None:
    one, other = start(), start()
    workflow = one.inline()
    path = f"/workflows/{workflow['id']}/deploy"
    with ThreadPoolExecutor(6) as pool:
        clients = [one.client, other.client] * 3
        answers = list(pool.map(lambda client: post(one, path, "same", None, client), clients))
    codes = [answer.status_code for answer in answers]
    assert 200 in codes and set(codes) <= {200, 409}
    late = [a.json()["code"] for a in answers if a.status_code == 409]
    assert set(late) <= {"request-in-progress"}
    assert one.get(f"/workflows/{workflow['id']}/releases")["total"] == 1
    again = post(one, path, "same", None, other.client)
    assert again.headers["idempotency-replayed"] == "true"


def test_a_refusal_is_kept_and_a_fault_is_not(live: Any) -> None:
    workflow = live.workflow()
    path = f"/workflows/{workflow['id']}"
    assert post(live, f"{path}/deploy", "k1").json()["code"] == "workflow-has-no-tasks"
    live.task(workflow, "load")
    assert post(live, f"{path}/deploy", "k1").json()["code"] == "workflow-has-no-tasks"
    assert post(live, f"{path}/deploy", "k2").status_code == 200
    live.orchestrator.down = True
    assert post(live, f"{path}/runs", "k3").status_code == 503
    live.orchestrator.down = False
    assert post(live, f"{path}/runs", "k3").status_code == 201


def test_a_repeated_retry_is_carried_out_once(live: Any) -> None:
    workflow = live.inline()
    live.deploy(workflow)
    run = live.trigger(workflow)
    live.end(run, "failed", states={"load": "failed"})
    live.eventually(lambda: live.get(f"/runs/{run['id']}")["state"] == "failed")
    path = f"/runs/{run['id']}/retry"
    first = post(live, path, "again")
    assert first.status_code == 200, first.text
    live.end(run, "failed", states={"load": "failed"})
    second = post(live, path, "again")
    assert (second.status_code, second.json()) == (200, first.json())
    assert second.headers["idempotency-replayed"] == "true"
    assert live.get(f"/runs/{run['id']}")["state"] == "failed", "it was started once more"
    assert post(live, path, "another").json()["state"] in ("queued", "running")


def leave_open(live: Any, key: str) -> None:
    """As a kill leaves it: begun, not answered, and the lease is over."""
    with live.database.writing() as session:
        row = session.get_one(RequestRow, key)
        row.status, row.body, row.leased_until = None, None, now() - timedelta(seconds=1)


def test_what_was_killed_is_taken_up_and_not_done_twice(any_live: Any) -> None:
    workflow = any_live.inline()
    path = f"/workflows/{workflow['id']}"
    release = post(any_live, f"{path}/deploy", "d").json()
    run = post(any_live, f"{path}/runs", "r").json()
    for key in ("d", "r"):
        leave_open(any_live, key)
    assert post(any_live, f"{path}/deploy", "d").json()["id"] == release["id"]
    assert post(any_live, f"{path}/runs", "r").json()["id"] == run["id"]
    assert any_live.get(f"{path}/releases")["total"] == 1
    assert any_live.get(f"{path}/runs")["total"] == 1


def test_answers_are_forgotten_in_time(live: Any) -> None:
    workflow = live.inline()
    path = f"/workflows/{workflow['id']}/deploy"
    first = post(live, path, "k").json()
    with live.database.writing() as session:
        session.get_one(RequestRow, "k").created_at = now() - timedelta(hours=49)
        session.get_one(ReleaseRow, first["id"]).created_at = now() - timedelta(hours=49)
    live.patch(workflow, description="new")
    assert post(live, path, "k").json()["number"] == first["number"] + 1


def test_other_routes_take_no_notice_of_the_header(live: Any) -> None:
    for _ in range(2):
        answer = post(live, "/workflows", "k", {"name": "same"})
    assert answer.json()["code"] == "workflow-name-taken"
