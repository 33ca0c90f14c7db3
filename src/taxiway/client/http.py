"""The HTTP client: one method a call of the API, and its problems as errors of the one tree."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import httpx

from taxiway.client import events
from taxiway.client.answers import Json, decoded, error_of, is_lost
from taxiway.client.credentials import CredentialCalls
from taxiway.client.outcomes import OutcomeCalls
from taxiway.client.releases import ReleaseCalls
from taxiway.errors import Invalid, TaxiwayError, Unavailable

__all__ = ["TERMINAL", "Json", "TaxiwayClient"]

TERMINAL = ("success", "failed", "canceled")
# Seconds before a request whose answer was lost is sent again.
_PAUSES = (0.2, 0.5, 1.0, 2.0, 4.0)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class TaxiwayClient(ReleaseCalls, OutcomeCalls, CredentialCalls):
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

    def update_workflow(
        self, workflow_id: str, *, if_match: str | None = None, **fields: Any
    ) -> Json:
        path = f"/api/v1/workflows/{workflow_id}"
        return self._json("PATCH", path, json=fields, headers=_matching(if_match))

    def workflow(self, workflow_id: str) -> Json:
        return self._json("GET", f"/api/v1/workflows/{workflow_id}")

    def workflow_version(self, workflow_id: str) -> tuple[Json, str]:
        """The workflow, and its ETag: `if_match` of an edit of what was seen here."""
        return self._version(f"/api/v1/workflows/{workflow_id}")

    def workflows(self, **query: Any) -> Iterator[Json]:
        return self._pages("/api/v1/workflows", query)

    def delete_workflow(
        self, workflow_id: str, *, cancel: bool = False, if_match: str | None = None
    ) -> None:
        path, query = f"/api/v1/workflows/{workflow_id}", {"cancel": "true"} if cancel else {}
        self._json("DELETE", path, params=query, headers=_matching(if_match))

    def create_task(self, **fields: Any) -> Json:
        return self._json("POST", "/api/v1/tasks", json=fields)

    def task(self, task_id: str) -> Json:
        return self._json("GET", f"/api/v1/tasks/{task_id}")

    def task_version(self, task_id: str) -> tuple[Json, str]:
        """The task, and its ETag."""
        return self._version(f"/api/v1/tasks/{task_id}")

    def update_task(self, task_id: str, *, if_match: str | None = None, **fields: Any) -> Json:
        path = f"/api/v1/tasks/{task_id}"
        return self._json("PATCH", path, json=fields, headers=_matching(if_match))

    def delete_task(self, task_id: str, *, if_match: str | None = None) -> None:
        self._json("DELETE", f"/api/v1/tasks/{task_id}", headers=_matching(if_match))

    def replace_tasks(self, workflow_id: str, body: Any, *, if_match: str | None = None) -> Json:
        """Make the tasks of `body` the workflow's only ones, all at once or not at all."""
        path = f"/api/v1/workflows/{workflow_id}/tasks"
        return self._json("PUT", path, json=body, headers=_matching(if_match))

    def tasks(self, workflow_id: str) -> Iterator[Json]:
        return self._pages("/api/v1/tasks", {"workflow_id": workflow_id})

    def trigger(
        self, workflow_id: str, *, params: Mapping[str, Json] | None = None, **fields: Any
    ) -> Json:
        body = {"params": params or {}, **fields}
        return self._once(f"/api/v1/workflows/{workflow_id}/runs", json=body)

    def runs(self, workflow_id: str, **query: Any) -> Iterator[Json]:
        return self._pages(f"/api/v1/workflows/{workflow_id}/runs", query)

    def all_runs(self, **query: Any) -> Iterator[Json]:
        """The runs of all workflows, newest first."""
        return self._pages("/api/v1/runs", query)

    def run(self, run_id: str) -> Json:
        return self._json("GET", f"/api/v1/runs/{run_id}")

    def run_tasks(self, run_id: str) -> list[Json]:
        return list(self._json("GET", f"/api/v1/runs/{run_id}/tasks")["items"])

    def cancel_run(self, run_id: str) -> Json:
        return self._json("POST", f"/api/v1/runs/{run_id}/cancel")

    def retry_run(self, run_id: str, *, tasks: Sequence[str] = ()) -> Json:
        """Run the failed tasks, or those that are named, and all that follows them again."""
        body = {"tasks": list(tasks)} if tasks else {}
        return self._once(f"/api/v1/runs/{run_id}/retry", json=body)

    def notify_test(self, workflow_id: str) -> Json:
        """Send one notification now; what became of it: `state`, `status`, `error`."""
        return self._json("POST", f"/api/v1/workflows/{workflow_id}/notify-test")

    def backfill(self, workflow_id: str, **fields: Any) -> Json:
        """Runs for the ticks between `from` and `to` that have none; `dry_run` only lists them."""
        return self._json("POST", f"/api/v1/workflows/{workflow_id}/backfills", json=fields)

    def backfills(self, workflow_id: str) -> list[Json]:
        """The newest backfills of the workflow, newest first."""
        return list(self._json("GET", f"/api/v1/workflows/{workflow_id}/backfills")["items"])

    def register_repository(self, url: str, credential_id: str | None = None) -> Json:
        """The repository at that address, new or not."""
        body = {"url": url} | ({"git_credential_id": credential_id} if credential_id else {})
        return self._json("POST", "/api/v1/repositories", json=body)

    def repositories(self, **query: Any) -> Iterator[Json]:
        return self._pages("/api/v1/repositories", query)

    def repository(self, repository_id: str) -> Json:
        return self._json("GET", f"/api/v1/repositories/{repository_id}")

    def refresh_repository(self, repository_id: str) -> Json:
        """Look at the remote now."""
        return self._json("POST", f"/api/v1/repositories/{repository_id}/refresh")

    def refs(self, repository_id: str, **query: Any) -> Iterator[Json]:
        return self._pages(f"/api/v1/repositories/{repository_id}/refs", query)

    def commits(self, repository_id: str, **query: Any) -> Iterator[Json]:
        return self._pages(f"/api/v1/repositories/{repository_id}/commits", query)

    def tree(self, repository_id: str, **query: Any) -> Iterator[Json]:
        return self._pages(f"/api/v1/repositories/{repository_id}/tree", query)

    def file(self, repository_id: str, **query: Any) -> Json:
        return self._json("GET", f"/api/v1/repositories/{repository_id}/file", params=query)

    def diff(self, repository_id: str, **query: Any) -> Json:
        return self._json("GET", f"/api/v1/repositories/{repository_id}/diff", params=query)

    def functions(self, repository_id: str, **query: Any) -> Iterator[Json]:
        """Files, each with its functions or the reason why they are not known."""
        return self._pages(f"/api/v1/repositories/{repository_id}/functions", query)

    def follow_run(self, run_id: str) -> Iterator[events.Event]:
        """`snapshot`, then `run` and `task` as they change, `end`: names and bodies, live."""
        return events.follow(self._stream(f"/api/v1/runs/{run_id}/events", {}))

    def _stream(self, path: str, query: Mapping[str, Any]) -> events.Open:
        @contextmanager
        def connect(headers: dict[str, str]) -> Iterator[httpx.Response]:
            with self._http.stream("GET", path, params=query, headers=headers) as response:
                if not response.is_success:
                    response.read()
                    raise error_of(response)
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

    def _version(self, path: str) -> tuple[Json, str]:
        response = self._send("GET", path)
        return decoded(response), response.headers.get("ETag", "*")

    def _once(self, path: str, **request: Any) -> Json:
        """A POST that is carried out once, however often its answer is lost on the way."""
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        pauses = iter(_PAUSES)
        repeated = False
        while True:
            try:
                return self._json("POST", path, headers=headers, **request)
            except TaxiwayError as error:
                pause = next(pauses, None)
                if pause is None or not is_lost(error, repeated=repeated):
                    raise
            time.sleep(pause)
            repeated = True

    def _json(self, method: str, path: str, **request: Any) -> Json:
        return decoded(self._send(method, path, **request))

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
            raise error_of(response)
        return response


def _matching(if_match: str | None) -> dict[str, str]:
    return {"If-Match": if_match} if if_match else {}
