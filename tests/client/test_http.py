"""The HTTP client: each call reaches its route, and problems come back as our errors."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from taxiway.client.http import TaxiwayClient
from taxiway.errors import Conflict, Denied, Invalid, NotFound, TaxiwayError, Unavailable

LOST = 0  # the connection ends without an answer


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str, Any]] = []
        self.answers: list[tuple[int, Any]] = []
        self.headers: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        self.server.asked.append((self.command, self.path, body))
        self.server.headers.append(dict(self.headers))
        status, content = self.server.answers.pop(0)
        if status == LOST:
            self.close_connection = True
            return
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_POST = do_PATCH = do_PUT = do_DELETE = do_GET

    def log_message(self, format: str, *arguments: object) -> None:
        """Quiet."""


@pytest.fixture
def server() -> Iterator[Server]:
    listening = Server()
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield listening
    listening.shutdown()
    thread.join()
    listening.server_close()


@pytest.fixture
def client(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[TaxiwayClient]:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")  # nothing listens there
    with TaxiwayClient(server.url + "/") as opened:
        yield opened


CALLS: list[tuple[str, tuple[Any, ...], dict[str, Any], tuple[str, str, Any]]] = [
    ("create_workflow", (), {"name": "a"}, ("POST", "/workflows", {"name": "a"})),
    ("update_workflow", ("w",), {"name": "b"}, ("PATCH", "/workflows/w", {"name": "b"})),
    ("workflow", ("w",), {}, ("GET", "/workflows/w", None)),
    ("delete_workflow", ("w",), {}, ("DELETE", "/workflows/w", None)),
    ("delete_workflow", ("w",), {"cancel": True}, ("DELETE", "/workflows/w?cancel=true", None)),
    ("create_task", (), {"name": "t"}, ("POST", "/tasks", {"name": "t"})),
    ("deploy", ("w",), {"wait": 5}, ("POST", "/workflows/w/deploy?wait=5", {})),
    ("release", ("w", 2), {}, ("GET", "/workflows/w/releases/2", None)),
    (
        "trigger",
        ("w",),
        {"params": {"t": {"x": 1}}},
        ("POST", "/workflows/w/runs", {"params": {"t": {"x": 1}}}),
    ),
    ("run", ("r",), {}, ("GET", "/runs/r", None)),
    ("cancel_run", ("r",), {}, ("POST", "/runs/r/cancel", None)),
    ("retry_run", ("r",), {"tasks": ["t"]}, ("POST", "/runs/r/retry", {"tasks": ["t"]})),
    (
        "backfill",
        ("w",),
        {"from": "a", "to": "b", "dry_run": True},
        ("POST", "/workflows/w/backfills", {"from": "a", "to": "b", "dry_run": True}),
    ),
    ("logs", ("r", "t"), {"after": 3}, ("GET", "/runs/r/tasks/t/logs?after=3", None)),
    (
        "logs",
        ("r", "t"),
        {"try_number": 2},
        ("GET", "/runs/r/tasks/t/logs?after=0&try=2", None),
    ),
]


@pytest.mark.parametrize(("method", "given", "named", "asked"), CALLS)
def test_each_method_makes_one_call(
    server: Server,
    client: TaxiwayClient,
    method: str,
    given: tuple[Any, ...],
    named: dict[str, Any],
    asked: tuple[str, str, Any],
) -> None:
    server.answers = [(200, {"id": "x"})]
    getattr(client, method)(*given, **named)
    verb, path, body = asked
    assert server.asked == [(verb, "/api/v1" + path, body)]


def test_a_request_whose_answer_is_lost_is_repeated_under_its_key(
    server: Server, client: TaxiwayClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taxiway.client.http._PAUSES", (0.0, 0.0, 0.0))
    busy = {"code": "request-in-progress", "detail": "wait"}
    for call in (
        lambda: client.deploy("w"),
        lambda: client.trigger("w"),
        lambda: client.retry_run("r"),
    ):
        server.headers.clear()
        server.answers = [(LOST, None), (409, busy), (LOST, None), (200, {"id": "x"})]
        assert call() == {"id": "x"}
        keys = [headers["Idempotency-Key"] for headers in server.headers]
        assert len(keys) == 4 and len(set(keys)) == 1
    server.answers = [(LOST, None)]
    with pytest.raises(Unavailable):  # nothing tells whether it was done: it is not done twice
        client.create_workflow(name="a")
    server.answers = [(409, busy)]
    with pytest.raises(Conflict):
        client.deploy("w")


def test_an_edit_says_what_it_was_made_on(server: Server, client: TaxiwayClient) -> None:
    server.answers = [(200, {})] * 5
    client.update_workflow("w", if_match='"1"', name="b")
    client.delete_workflow("w", if_match='"1"')
    client.update_task("t", if_match='"1"', name="b")
    client.delete_task("t", if_match='"1"')
    client.replace_tasks("w", [], if_match='"1"')
    assert [headers["If-Match"] for headers in server.headers] == ['"1"'] * 5
    assert [body for _, _, body in server.asked] == [{"name": "b"}, None, {"name": "b"}, None, []]


def test_lists_are_read_page_by_page(server: Server, client: TaxiwayClient) -> None:
    for method, given in (
        ("workflows", ()),
        ("tasks", ("w",)),
        ("releases", ("w",)),
        ("runs", ("w",)),
    ):
        server.answers = [
            (200, {"items": [{"id": 1}], "next_cursor": "c"}),
            (200, {"items": [{"id": 2}], "next_cursor": None}),
        ]
        assert list(getattr(client, method)(*given)) == [{"id": 1}, {"id": 2}]
        assert "cursor=c" in server.asked[-1][1]


def test_a_run_is_waited_for_until_it_ends(server: Server, client: TaxiwayClient) -> None:
    server.answers = [(200, {"state": state}) for state in ("queued", "running", "canceled")]
    assert client.wait_for_run("r", timeout=10) == {"state": "canceled"}
    server.answers = [(200, {"state": "running"})] * 3
    with pytest.raises(Unavailable) as caught:
        client.wait_for_run("r", timeout=0)
    assert caught.value.code == "run-not-ended"
    server.answers = [(200, {"task": "t", "value": None}), (200, {"items": [1]})]
    assert client.value("r", "t") is None
    assert client.run_tasks("r") == [1]


KINDS: list[tuple[int, type[TaxiwayError]]] = [
    (400, Invalid),
    (403, Denied),
    (404, NotFound),
    (409, Conflict),
    (422, Invalid),
    (500, TaxiwayError),
    (503, Unavailable),
]


@pytest.mark.parametrize(("status", "kind"), KINDS)
def test_a_problem_comes_back_as_our_error(
    server: Server, client: TaxiwayClient, status: int, kind: type[TaxiwayError]
) -> None:
    error = {"pointer": "/a", "field": "a", "code": "c", "message": "m", "hint": "do"}
    line = {"pointer": "", "field": "requirements.txt:3", "code": "c", "message": "m"}
    body = {"code": "x-y", "detail": "It", "hint": "do", "errors": [error, line], "runs": ["r"]}
    server.answers = [(status, body)]
    with pytest.raises(TaxiwayError) as caught:
        client.run("r")
    found = caught.value
    assert type(found) is kind
    assert (found.code, found.message, found.hint) == ("x-y", "It", "do")
    assert [problem.place for problem in found.problems] == ["/a", "requirements.txt:3"]
    assert found.context == {"runs": ["r"]}


NONSENSE: list[tuple[int, Any]] = [
    (502, b"<html>"),
    (404, ["x"]),
    (404, {"errors": 1}),
    (200, b"<html>"),
    (200, [1]),
    (302, b""),
]


@pytest.mark.parametrize(("status", "content"), NONSENSE)
def test_what_is_no_taxiway_server_is_told_as_such(
    server: Server, client: TaxiwayClient, status: int, content: Any
) -> None:
    server.answers = [(status, content)]
    with pytest.raises(Unavailable) as caught:
        client.workflow("w")
    assert caught.value.code == "server-nonsense"
    assert server.url in caught.value.message


def test_a_server_that_is_not_there_is_unreachable() -> None:
    with TaxiwayClient("http://127.0.0.1:1") as client, pytest.raises(Unavailable) as caught:
        client.workflow("w")
    assert caught.value.code == "server-unreachable"
    assert "taxiway up" in caught.value.hint
    with pytest.raises(Invalid):
        TaxiwayClient("http://here:not-a-port")
