"""What is followed live: lines and states as server-sent events, with a place to resume at."""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import uvicorn
from sse_starlette.sse import AppStatus

from taxiway.server.runs import polls

pytestmark = pytest.mark.integration

Event = tuple[str, str, Any]


@pytest.fixture
def deployed(live: Any) -> Any:
    made = live.workflow()
    live.task(made, "load")
    live.task(made, "train", dependencies=["load"])
    live.deploy(made)
    return made


@pytest.fixture
def server(live: Any) -> Iterator[uvicorn.Server]:
    """The application behind a real server: the client of the tests does not stream."""
    config = uvicorn.Config(live.client.app, log_config=None, lifespan="off")
    serving = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", 0))
    serving.config.port = listening.getsockname()[1]
    thread = threading.Thread(target=serving.run, kwargs={"sockets": [listening]})
    thread.start()
    live.eventually(lambda: serving.started)
    yield serving
    serving.should_exit = True
    thread.join(60)
    AppStatus.should_exit = False
    assert not thread.is_alive()


def address(server: uvicorn.Server, path: str) -> str:
    return f"http://127.0.0.1:{server.config.port}/api/v1{path}"


def follow(url: str, last_id: str | None = None) -> Iterator[Event]:
    headers = {"Last-Event-ID": last_id} if last_id else {}
    with httpx.stream("GET", url, headers=headers, timeout=60, trust_env=False) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        event: dict[str, str] = {}
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            if line:
                event[name] = value
            elif "event" in event:
                yield event["event"], event["id"], json.loads(event["data"])
                event = {}


def test_lines_arrive_while_the_task_runs_and_the_stream_ends_with_it(
    live: Any, deployed: Any, server: uvicorn.Server
) -> None:
    run = live.trigger(deployed)
    ours = run["dag_id"], run["airflow_run_id"], "load"
    later = threading.Timer(1.2, live.orchestrator.write, (*ours, "one", "two"))
    later.start()  # until then the task is not even known
    url = address(server, f"/runs/{run['id']}/tasks/load/logs/stream")
    events = follow(url)
    first = [next(events) for _ in range(2)]
    assert [(n, i, body["text"]) for n, i, body in first] == [
        ("line", "1:1", "one"),
        ("line", "1:2", "two"),
    ]
    live.orchestrator.write(*ours, "three")
    assert next(events)[2]["text"] == "three"
    live.end(run, states={"load": "success"})
    [(name, event_id, body)] = events
    assert (name, event_id, body) == ("end", "1:3", {"state": "success", "try_number": 1})
    rest = list(follow(url, "1:2"))
    assert [(n, i) for n, i, _ in rest] == [("line", "1:3"), ("end", "1:3")]


def test_a_log_goes_on_with_the_next_try_unless_one_is_asked_for(
    live: Any, deployed: Any, server: uvicorn.Server
) -> None:
    run = live.trigger(deployed)
    live.end(run, "failed", logs={"load": ["one"]})
    live.post(f"/runs/{run['id']}/retry", status=200)
    live.end(run, states={"load": "success"})
    path = f"/runs/{run['id']}/tasks/load/logs/stream"
    resumed = list(follow(address(server, path), "1:0"))
    assert [(n, i) for n, i, _ in resumed] == [("line", "1:1"), ("end", "2:0")]
    one = list(follow(address(server, path + "?try=1")))
    assert [(n, i) for n, i, _ in one] == [("line", "1:1"), ("end", "1:1")]
    beyond = list(follow(address(server, path + "?try=1&after=1")))
    assert [(n, i) for n, i, _ in beyond] == [("end", "1:1")]
    latest = list(follow(address(server, path)))
    assert [(n, i) for n, i, _ in latest] == [("end", "2:0")]


def test_each_element_of_a_task_has_its_own_log(live: Any, server: uvicorn.Server) -> None:
    made = live.workflow()
    live.task(made, "train", expand={"seed": [1, 2]})
    live.deploy(made)
    run = live.trigger(made)
    live.end(run, logs={"train[0]": ["zero"], "train[1]": ["one", "two"]})
    path = f"/runs/{run['id']}/tasks/train/logs"
    one = list(follow(address(server, f"{path}/stream?map_index=1")))
    assert [body["text"] for name, _, body in one if name == "line"] == ["one", "two"]
    first = list(follow(address(server, f"{path}/stream")))
    assert [body["text"] for name, _, body in first if name == "line"] == ["zero"]
    read = live.get(f"{path}?map_index=1&after=1")
    assert (read["map_index"], [line["text"] for line in read["lines"]]) == (1, ["two"])
    assert [line["text"] for line in live.get(path)["lines"]] == ["zero"]
    gone = live.get(f"{path}?map_index=2", status=404)
    assert (gone["code"], gone["hint"]) == ("element-not-found", "It has those from 0 to 1.")
    tasks = live.get(f"/runs/{run['id']}/tasks")["items"]
    assert [(task["task"], task["map_index"]) for task in tasks] == [("train", 0), ("train", 1)]


def test_states_come_as_a_snapshot_and_then_as_they_change(
    live: Any, deployed: Any, server: uvicorn.Server
) -> None:
    run = live.trigger(deployed)
    ours = run["dag_id"], run["airflow_run_id"]
    url = address(server, f"/runs/{run['id']}/events")
    events = follow(url)
    name, begun, body = next(events)
    assert (name, body["run"]["state"], body["tasks"]) == ("snapshot", "running", [])
    live.orchestrator.write(*ours, "load", "one")
    name, _, task = next(events)
    assert (name, task["task"], task["state"]) == ("task", "load", "running")
    live.end(run, states={"load": "success"})
    rest = list(events)
    assert [(n, b["state"]) for n, _, b in rest] == [
        ("task", "success"),
        ("run", "success"),
        ("end", "success"),
    ]
    ended = rest[-1][1]
    assert [n for n, _, _ in follow(url, begun)] == ["snapshot", "end"]
    assert [n for n, _, _ in follow(url, ended)] == ["end"]


def test_a_stream_waits_while_airflow_is_down(
    live: Any, deployed: Any, server: uvicorn.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taxiway.server.runs.streams.DOWN_SECONDS", 0.1)
    run = live.trigger(deployed)
    live.orchestrator.write(run["dag_id"], run["airflow_run_id"], "load", "one")
    events = follow(address(server, f"/runs/{run['id']}/tasks/load/logs/stream"))
    assert next(events)[2]["text"] == "one"
    looked = threading.Event()
    real = live.orchestrator.run

    def run_of(*given: Any) -> Any:
        looked.set()
        return real(*given)

    monkeypatch.setattr(live.orchestrator, "run", run_of)
    live.orchestrator.down = True
    assert looked.wait(60)
    live.orchestrator.down = False
    live.end(run, states={"load": "success"})
    assert [name for name, _, _ in events] == ["end"]


def test_what_cannot_be_followed_is_refused_before_the_stream_begins(
    live: Any, deployed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = live.trigger(deployed)
    path = f"/runs/{run['id']}"
    assert live.get("/runs/gone/events", 404)["code"] == "run-not-found"
    assert live.get(f"{path}/tasks/gone/logs/stream", 404)["code"] == "task-not-found"
    assert live.get(f"{path}/tasks/%2e%2e/logs/stream", 404)["code"] == "task-not-found"
    stream = f"/api/v1{path}/tasks/load/logs/stream"
    answer = live.client.get(stream, headers={"Last-Event-ID": "x"})
    assert (answer.status_code, answer.json()["code"]) == (422, "event-id-refused")
    monkeypatch.setattr(polls, "STREAMS", 0)
    assert live.get(f"{path}/events", 503)["code"] == "too-many-streams"


def test_an_open_stream_does_not_hold_the_server_up(
    live: Any, deployed: Any, server: uvicorn.Server
) -> None:
    run = live.trigger(deployed)
    events = follow(address(server, f"/runs/{run['id']}/events"))
    assert next(events)[0] == "snapshot"
    server.handle_exit(signal.SIGTERM, None)
    with pytest.raises((httpx.NetworkError, httpx.ProtocolError, StopIteration)):  # no time-out
        next(events)


def test_many_that_follow_one_run_cost_one_look_at_a_time(
    live: Any, deployed: Any, server: uvicorn.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = live.trigger(deployed)
    asked: list[float] = []
    real = live.orchestrator.tasks

    def tasks(*given: Any) -> Any:
        asked.append(time.monotonic())
        return real(*given)

    monkeypatch.setattr(live.orchestrator, "tasks", tasks)
    url = address(server, f"/runs/{run['id']}/events")
    streams = [follow(url) for _ in range(8)]
    begun = time.monotonic()
    assert {next(events)[0] for events in streams} == {"snapshot"}
    seconds = time.monotonic() - begun
    assert len(asked) <= 2 + seconds / polls.FRESH_SECONDS
    for events in streams:
        events.close()  # type: ignore[attr-defined]
