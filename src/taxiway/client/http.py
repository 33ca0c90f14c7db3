"""The HTTP client: one method a call of the API, and its problems as errors of the one tree."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self

import httpx

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
_KINDS: dict[int, type[TaxiwayError]] = {403: Denied, 404: NotFound, 409: Conflict, 412: Conflict}


class TaxiwayClient:
    """Speaks to one server; a context manager. Answers are the decoded JSON of the API."""

    def __init__(self, server_url: str, *, timeout: float = 120) -> None:
        self.server_url = server_url.rstrip("/")
        self._http = httpx.Client(base_url=self.server_url, timeout=timeout)

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

    def trigger(self, workflow_id: str, *, params: Mapping[str, Json] | None = None) -> Json:
        body = {"params": params or {}}
        return self._json("POST", f"/api/v1/workflows/{workflow_id}/runs", json=body)

    def runs(self, workflow_id: str) -> Iterator[Json]:
        return self._pages(f"/api/v1/workflows/{workflow_id}/runs", {})

    def run(self, run_id: str) -> Json:
        return self._json("GET", f"/api/v1/runs/{run_id}")

    def run_tasks(self, run_id: str) -> list[Json]:
        return list(self._json("GET", f"/api/v1/runs/{run_id}/tasks")["items"])

    def logs(self, run_id: str, task: str, *, after: int = 0) -> Json:
        """`lines` of the latest try from line `after` on."""
        path = f"/api/v1/runs/{run_id}/tasks/{task}/logs"
        return self._json("GET", path, params={"after": after})

    def value(self, run_id: str, task: str) -> Any:
        return self._json("GET", f"/api/v1/runs/{run_id}/tasks/{task}/value")["value"]

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
        try:
            response = self._http.request(method, path, **request)
        except httpx.HTTPError as error:
            raise Unavailable(
                "server-unreachable",
                f"The Taxiway server at {self.server_url} cannot be reached: {error}",
                hint="Start it with `taxiway up`; `taxiway status` shows what runs.",
            ) from error
        if response.is_error:
            raise _error(response)
        return dict(response.json()) if response.content else {}


def _error(response: httpx.Response) -> TaxiwayError:
    try:
        body = response.json()
        problems = [
            Problem(
                item.get("code", ""), item["message"], item.get("pointer", ""), item.get("hint", "")
            )
            for item in body.get("errors", [])
        ]
        code, message, hint = body["code"], body["detail"], body.get("hint", "")
    except (ValueError, KeyError, TypeError):
        code, message, hint, problems = (
            "server-nonsense",
            f"The server answered {response.status_code} without a problem document",
            "Does the address belong to a Taxiway server?",
            [],
        )
    default = Invalid if response.status_code < 500 else Unavailable
    kind = _KINDS.get(response.status_code, default)
    return kind(code, message, hint=hint or "", problems=problems)
