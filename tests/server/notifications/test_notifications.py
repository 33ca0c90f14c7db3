"""Failure is heard: from a run or a deploy through the outbox to a real receiver."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from taxiway.git.policy import GitPolicy
from taxiway.server.database import NotificationRow, RunRow, now
from taxiway.server.notifications import courier as couriers

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(couriers, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(couriers, "FIRST_PAUSE", timedelta(seconds=0.05))


def deployed(live: Any, **fields: Any) -> Any:
    made = live.inline(**fields)
    live.deploy(made)
    return made


def run_to(live: Any, made: Any, state: str) -> Any:
    run = live.trigger(made)
    live.end(run, state, values={"load": None})
    live.get(f"/runs/{run['id']}")
    return run


def notifications(live: Any, made: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = live.get(f"/workflows/{made['id']}/notifications")["items"]
    return found


def settled(live: Any, made: Any, count: int) -> list[dict[str, Any]]:
    def look() -> list[dict[str, Any]]:
        found = notifications(live, made)
        done = [item for item in found if item["state"] == "delivered"]
        return done if len(done) == count else []

    found: list[dict[str, Any]] = live.eventually(look)
    return found


def test_a_failure_and_the_first_success_after_it_are_delivered_until_taken(
    start: Callable[..., Any], make_receiver: Callable[..., Any]
) -> None:
    receiver = make_receiver(500, 503, 200)
    live = start(
        git_allow_hosts="127.0.0.1",
        airflow_url="http://127.0.0.1:1",
        public_url="https://taxiway.example.org",
    )
    made = deployed(live, name="a <!channel> b", notify_url=f"{receiver.url}/hook?key=s3cret")
    run_to(live, made, "success")
    failed = run_to(live, made, "failed")
    settled(live, made, 1)
    assert receiver.events == ["run-failed"] * 3
    assert len({headers["Taxiway-Delivery"] for headers in receiver.headers}) == 1
    body = receiver.got[-1]
    assert receiver.got == [body] * 3
    assert receiver.paths == ["/hook?key=s3cret"] * 3
    assert body["text"].startswith("❌ A run of a &lt;!channel&gt; b failed (release 1): ")
    assert failed["id"] in body["text"]
    assert body["error"] == {
        "code": "run-failed",
        "message": "The run failed; failed: load",
        "tasks": ["load"],
    }
    assert body["run"]["id"] == failed["id"]
    assert body["links"]["run"] == f"https://taxiway.example.org/api/v1/runs/{failed['id']}"
    assert body["links"]["run"] in body["text"]
    assert body["links"]["airflow"].endswith(f"/runs/{failed['airflow_run_id']}")
    assert "s3cret" not in str(body)
    run_to(live, made, "success")
    run_to(live, made, "success")
    found = settled(live, made, 2)
    assert receiver.events[3:] == ["run-recovered"]
    assert [(item["event"], item["attempts"], item["status"]) for item in found] == [
        ("run-recovered", 1, 200),
        ("run-failed", 3, 200),
    ]
    assert found[1]["error"] is None


def test_a_canceled_run_is_no_failure_and_without_an_address_nothing_is_written(
    start: Callable[..., Any], make_receiver: Callable[..., Any]
) -> None:
    receiver = make_receiver()
    live = start(git_allow_hosts="127.0.0.1")
    made = deployed(live)
    run_to(live, made, "failed")
    live.patch(made, notify_url=receiver.url)
    run = live.trigger(made)
    live.post(f"/runs/{run['id']}/cancel", status=200)
    run_to(live, made, "success")
    assert notifications(live, made) == []
    assert live.get(f"/workflows/{made['id']}")["undeployed_changes"] == []
    answer = live.post(f"/workflows/{live.inline('other')['id']}/notify-test", status=409)
    assert answer["code"] == "notify-url-missing"


def test_the_servers_address_hears_of_a_deploy_that_fails(
    start: Callable[..., Any], make_receiver: Callable[..., Any]
) -> None:
    receiver = make_receiver(tls=True)
    live = start(git_allow_hosts="localhost", notify_url=receiver.url)
    made = live.workflow(git_repository="https://127.0.0.1/none.git", env={"TOKEN": "s3cret"})
    live.task(made, "load", script_path="a.py", function_name="f")
    refused = live.deploy(made, 403)
    (found,) = settled(live, made, 1)
    (body,) = receiver.got
    assert (body["event"], body["error"]["code"]) == ("deploy-failed", refused["code"])
    assert (body["release"]["number"], body["run"]) == (1, None)
    assert receiver.headers[0]["Host"] == receiver.url.removeprefix("https://")
    assert found["body"] == body
    assert "s3cret" not in str(body)


def test_a_trial_answers_what_happened_and_is_not_repeated(
    start: Callable[..., Any], make_receiver: Callable[..., Any]
) -> None:
    receiver = make_receiver(204, 302, 404)
    live = start(git_allow_hosts="127.0.0.1")
    made = live.inline(notify_url=receiver.url)
    path = f"/workflows/{made['id']}/notify-test"
    told = [live.post(path, status=200) for _ in range(3)]
    assert [(item["state"], item["status"]) for item in told] == [
        ("delivered", 204),
        ("failed", 302),
        ("failed", 404),
    ]
    assert told[1]["error"]["code"] == "notify-refused"
    assert len(receiver.got) == 3
    live.patch(made, notify_url="http://127.0.0.1:1/s3cret")
    nobody = live.post(path, status=200)
    assert (nobody["state"], nobody["error"]["code"]) == ("failed", "notify-unreachable")
    assert "s3cret" not in str(nobody)
    live.patch(made, notify_url="https://127.0.0.2/")
    assert live.post(path, status=200)["error"]["code"] == "address-private"


def test_what_waits_survives_a_restart_and_a_mended_address_reaches_it(
    start: Callable[..., Any], make_receiver: Callable[..., Any]
) -> None:
    receiver = make_receiver()
    first = start(git_allow_hosts="127.0.0.1")
    made = deployed(first, notify_url="http://127.0.0.1:1/")
    run_to(first, made, "failed")
    first.eventually(lambda: notifications(first, made)[0]["attempts"])
    first.machinery.stop()
    with first.database.writing() as session:
        row = session.query(NotificationRow).one()
        assert (row.state, row.error["code"] if row.error else "") == (
            "pending",
            "notify-unreachable",
        )
        row.due_at = now()
    first.patch(made, notify_url=receiver.url)
    second = start(git_allow_hosts="127.0.0.1")
    settled(second, made, 1)
    assert receiver.events == ["run-failed"]


def test_many_servers_that_see_one_end_write_it_down_once(
    any_live: Any, make_receiver: Callable[..., Any]
) -> None:
    live = any_live
    made = deployed(live, notify_url="https://192.0.2.1/")
    for state, events in (("failed", 1), ("success", 2), ("success", 2)):
        runs = (
            [live.trigger(made) for _ in range(3)] if state == "success" else [live.trigger(made)]
        )
        for run in runs:
            live.end(run, state)
        states = [live.orchestrator.run(run["dag_id"], run["airflow_run_id"]) for run in runs]
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(live.machinery.mirror.update, states * 4))
        assert len(notifications(live, made)) == events, state


def test_two_couriers_deliver_once(
    any_live: Any, make_receiver: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    live = any_live
    receiver = make_receiver()
    live.machinery.courier.stop()
    made = deployed(live, notify_url=receiver.url)
    run_to(live, made, "failed")
    policy = GitPolicy(allow_hosts=("127.0.0.1",))
    pair = [couriers.Courier(live.database, live.machinery.outbox, policy, None) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(lambda courier: courier.step(), pair)) == 1
    assert receiver.events == ["run-failed"]
    for courier in pair:
        courier.stop()


def test_it_is_given_up_at_last(
    start: Callable[..., Any], make_receiver: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(couriers, "MOST_ATTEMPTS", 2)
    receiver = make_receiver(500)
    live = start(git_allow_hosts="127.0.0.1", notify_url=receiver.url)
    made = deployed(live)
    run_to(live, made, "failed")
    live.eventually(lambda: notifications(live, made)[0]["state"] == "failed")
    (found,) = notifications(live, made)
    assert (found["attempts"], found["status"], len(receiver.got)) == (2, 500, 2)


def test_a_run_that_airflow_never_had_is_heard_too(
    start: Callable[..., Any], make_receiver: Callable[..., Any]
) -> None:
    receiver = make_receiver()
    live = start(git_allow_hosts="127.0.0.1", notify_url=receiver.url)
    made = deployed(live)
    with live.database.writing() as session:
        session.add(
            RunRow(
                workflow_id=made["id"],
                workflow_name="digits",
                dag_id=made["dag_id"],
                airflow_run_id="lost",
                created_at=now() - timedelta(minutes=2),
            )
        )
    live.machinery.mirror.sweep()
    live.machinery.mirror.sweep()
    settled(live, made, 1)
    assert receiver.events == ["run-failed"]
