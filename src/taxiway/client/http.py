"""The HTTP client: one method a call of the API, and its problems as errors of the one tree."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import httpx

from taxiway.client import events
from taxiway.errors import (
    Conflict,
    Denied,
    Invalid,
    NotFound,
    Problem,
    TaxiwayError,
    Unavailable,
)

Json = dict[str, Any]

TERMINAL = ("success", "failed", "canceled")
_KINDS: dict[int, type[TaxiwayError]] = {
    401: Denied,
    403: Denied,
    404: NotFound,
    409: Conflict,
    412: Conflict,
    500: TaxiwayError,  # a bug of the server, and it says so
}
_STANDARD = {"type", "title", "status", "detail", "code", "hint", "errors", "message", "problems"}
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class TaxiwayClient:
    """Speaks to one server; a context manager. Answers are the decoded JSON of the API."""

    def __init__(self, server_url: str, *, timeout: float = 120) -> None:
        self.server_url = server_url.rstrip("/")
        try:
            url = httpx.URL(self.server_url)
        except httpx.InvalidURL as error:
            raise Invalid(
                "server-url-refused",
                f"{self.server_url!r} is no address of a server: {error}",
                hint="Write it as http://127.0.0.1:8000.",
            ) from None
        # A proxy of the environment cannot reach this machine's own loopback.
        self._http = httpx.Client(
            base_url=url, timeout=timeout, trust_env=url.host not in _LOOPBACK
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def create_workflow(self, **fields: Any) -> Json:
        return self._json("POST", "/api/v1/workflows", json=fields)

    def update_workflow(self, workflow_id: str, **fields: Any) -> Json:
        return self._json("PATCH", f"/api/v1/workflows/{workflow_id}", json=fields)

    def workflow(self, workflow_id: str) -> Json:
        return self._json("GET", f"/api/v1/workflows/{workflow_id}")

    def workflows(self, **query: Any) -> Iterator[Json]:
        return self._pages("/api/v1/workflows", query)

    def delete_workflow(self, workflow_id: str, *, cancel: bool = False) -> None:
        query = {"cancel": "true"} if cancel else {}
        self._json("DELETE", f"/api/v1/workflows/{workflow_id}", params=query)

    def create_task(self, **fields: Any) -> Json:
        return self._json("POST", "/api/v1/tasks", json=fields)

    def task(self, task_id: str) -> Json:
        return self._json("GET", f"/api/v1/tasks/{task_id}")

    def update_task(self, task_id: str, **fields: Any) -> Json:
        return self._json("PATCH", f"/api/v1/tasks/{task_id}", json=fields)

    def delete_task(self, task_id: str) -> None:
        self._json("DELETE", f"/api/v1/tasks/{task_id}")

    def replace_tasks(self, workflow_id: str, body: Any) -> Json:
        """Make the tasks of `body` the workflow's only ones, all at once or not at all."""
        return self._json("PUT", f"/api/v1/workflows/{workflow_id}/tasks", json=body)

    def tasks(self, workflow_id: str) -> Iterator[Json]:
        return self._pages("/api/v1/tasks", {"workflow_id": workflow_id})

    def deploy(self, workflow_id: str, *, wait: float = 60) -> Json:
        """Make a release; it may still be on its way (`state`) when `wait` seconds have passed."""
        path = f"/api/v1/workflows/{workflow_id}/deploy"
        return self._json("POST", path, params={"wait": wait}, timeout=wait + 60)

    def releases(self, workflow_id: str) -> Iterator[Json]:
        return self._pages(f"/api/v1/workflows/{workflow_id}/releases", {})

    def release(self, workflow_id: str, number: int) -> Json:
        return self._json("GET", f"/api/v1/workflows/{workflow_id}/releases/{number}")

    def release_dag(self, workflow_id: str, number: int) -> str:
        """The DAG file that was generated for the release."""
        path = f"/api/v1/workflows/{workflow_id}/releases/{number}/dag"
        return self._send("GET", path).text

    def trigger(
        self, workflow_id: str, *, params: Mapping[str, Json] | None = None, **fields: Any
    ) -> Json:
        body = {"params": params or {}, **fields}
        return self._json("POST", f"/api/v1/workflows/{workflow_id}/runs", json=body)

    def runs(self, workflow_id: str, **query: Any) -> Iterator[Json]:
        return self._pages(f"/api/v1/workflows/{workflow_id}/runs", query)

    def all_runs(self, **query: Any) -> Iterator[Json]:
        """The runs of all workflows, newest first."""
        return self._pages("/api/v1/runs", query)

    def run(self, run_id: str) -> Json:
        return self._json("GET", f"/api/v1/runs/{run_id}")

    def run_tasks(self, run_id: str) -> list[Json]:
        return list(self._json("GET", f"/api/v1/runs/{run_id}/tasks")["items"])

    def logs(
        self, run_id: str, task: str, *, after: int = 0, try_number: int | None = None
    ) -> Json:
        """`lines` of one try, the latest by default, from line `after` on; `next` is where to go
        on. Each try begins at 0: `try_number` says which one the lines are of."""
        path = f"/api/v1/runs/{run_id}/tasks/{task}/logs"
        query = {"after": after} | ({"try": try_number} if try_number else {})
        return self._json("GET", path, params=query)

    def value(self, run_id: str, task: str) -> Any:
        return self._json("GET", f"/api/v1/runs/{run_id}/tasks/{task}/value")["value"]

    def cancel_run(self, run_id: str) -> Json:
        return self._json("POST", f"/api/v1/runs/{run_id}/cancel")

    def retry_run(self, run_id: str, *, tasks: Sequence[str] = ()) -> Json:
        """Run the failed tasks, or those that are named, and all that follows them again."""
        body = {"tasks": list(tasks)} if tasks else {}
        return self._json("POST", f"/api/v1/runs/{run_id}/retry", json=body)

    def notify_test(self, workflow_id: str) -> Json:
        """Send one notification now; what became of it: `state`, `status`, `error`."""
        return self._json("POST", f"/api/v1/workflows/{workflow_id}/notify-test")

    def backfill(self, workflow_id: str, **fields: Any) -> Json:
        """Runs for the ticks between `from` and `to` that have none; `dry_run` only lists them."""
        return self._json("POST", f"/api/v1/workflows/{workflow_id}/backfills", json=fields)

    def follow_run(self, run_id: str) -> Iterator[events.Event]:
        """`snapshot`, then `run` and `task` as they change, `end`: names and bodies, live."""
        return events.follow(self._stream(f"/api/v1/runs/{run_id}/events", {}))

    def follow_log(
        self, run_id: str, task: str, *, try_number: int | None = None
    ) -> Iterator[events.Event]:
        """`line` for each line of the latest try and of later ones, live; `end`."""
        path = f"/api/v1/runs/{run_id}/tasks/{task}/logs/stream"
        return events.follow(self._stream(path, {"try": try_number} if try_number else {}))

    def _stream(self, path: str, query: Mapping[str, Any]) -> events.Open:
        @contextmanager
        def connect(headers: dict[str, str]) -> Iterator[httpx.Response]:
            with self._http.stream("GET", path, params=query, headers=headers) as response:
                if not response.is_success:
                    response.read()
                    raise _error(response)
                yield response

        return connect

    def wait_for_run(self, run_id: str, *, timeout: float) -> Json:
        """The run when it has ended; `Unavailable` (`run-not-ended`) after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while (run := self.run(run_id))["state"] not in TERMINAL:
            if time.monotonic() > deadline:
                raise Unavailable(
                    "run-not-ended", f"The run {run_id} has not ended within {timeout:g} s"
                )
            time.sleep(0.2)
        return run

    def _pages(self, path: str, query: Mapping[str, Any]) -> Iterator[Json]:
        cursor: str | None = None
        while True:
            page = self._json(
                "GET", path, params={**query, **({"cursor": cursor} if cursor else {})}
            )
            yield from page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def _json(self, method: str, path: str, **request: Any) -> Json:
        response = self._send(method, path, **request)
        try:
            return dict(response.json()) if response.content else {}
        except (ValueError, TypeError):
            raise _nonsense(response) from None

    def _send(self, method: str, path: str, **request: Any) -> httpx.Response:
        """The answer, when it is a success."""
        try:
            response = self._http.request(method, path, **request)
        except httpx.HTTPError as error:
            raise Unavailable(
                "server-unreachable",
                f"The Taxiway server at {self.server_url} cannot be reached: {error}",
                hint="Start it with `taxiway up`; `taxiway status` shows what runs.",
            ) from error
        if not response.is_success:
            raise _error(response)
        return response


def _error(response: httpx.Response) -> TaxiwayError:
    try:
        body = dict(response.json())
        problems = [
            Problem(
                item.get("code", ""),
                item["message"],
                item.get("pointer") or item.get("field", ""),
                item.get("hint", ""),
            )
            for item in body.get("errors", [])
        ]
        code, message, hint = str(body["code"]), str(body["detail"]), str(body.get("hint") or "")
    except (ValueError, KeyError, TypeError, AttributeError):
        return _nonsense(response)
    default = Invalid if response.status_code < 500 else Unavailable
    kind = _KINDS.get(response.status_code, default)
    context = {name: value for name, value in body.items() if name not in _STANDARD}
    return kind(code, message, hint=hint, problems=problems, **context)


def _nonsense(response: httpx.Response) -> Unavailable:
    return Unavailable(
        "server-nonsense",
        f"{response.request.url} answered {response.status_code}, and not as Taxiway does",
        hint="Does the address belong to a Taxiway server?",
    )
