"""The calls of the API that deploy, go back and look back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from taxiway.client.answers import Json


class ReleaseCalls(ABC):
    """Part of the client: what has to do with releases, and with the record."""

    @abstractmethod
    def _pages(self, path: str, query: Mapping[str, Any]) -> Iterator[Json]: ...

    @abstractmethod
    def _once(self, path: str, **request: Any) -> Json: ...

    @abstractmethod
    def _json(self, method: str, path: str, **request: Any) -> Json: ...

    @abstractmethod
    def _send(self, method: str, path: str, **request: Any) -> httpx.Response: ...

    def deploy(
        self, workflow_id: str, *, wait: float = 60, upgrade: bool = False, **body: Any
    ) -> Json:
        """Make a release; it may still be on its way (`state`) when `wait` seconds have passed."""
        path = f"/api/v1/workflows/{workflow_id}/deploy"
        params = {"wait": wait} | ({"upgrade": "true"} if upgrade else {})
        return self._once(path, params=params, timeout=wait + 60, json=body)

    def roll_back(
        self, workflow_id: str, release: int, *, message: str | None, dry_run: bool
    ) -> Json:
        """Make an earlier release current and hold the workflow, or say what that would change."""
        path = f"/api/v1/workflows/{workflow_id}/rollback"
        body = {"release": release, "message": message}
        return self._once(path, params={"dry_run": str(dry_run).lower()}, json=body)

    def resume(self, workflow_id: str) -> Json:
        return self._json("POST", f"/api/v1/workflows/{workflow_id}/resume")

    def rerun(self, workflow_id: str, **body: Any) -> Json:
        """Run again on the current release: `release=n`, or `runs=[…]`."""
        return self._once(f"/api/v1/workflows/{workflow_id}/reruns", json=body)

    def audit(self, **query: Any) -> Iterator[Json]:
        return self._pages("/api/v1/audit", query)

    def audit_csv(self, **query: Any) -> str:
        """All lines of the record that match, as one table."""
        return self._send("GET", "/api/v1/audit", params={**query, "format": "csv"}).text

    def clean_up(self, *, dry_run: bool) -> Json:
        path, query = "/api/v1/cleanup", {"dry_run": str(dry_run).lower()}
        return self._json("POST", path, params=query, timeout=3600)

    def check(self, workflow_id: str) -> Json:
        """What the deploy check finds now: `ok`, `commit`, `problems`."""
        return self._json("POST", f"/api/v1/workflows/{workflow_id}/check", timeout=600)

    def releases(self, workflow_id: str) -> Iterator[Json]:
        return self._pages(f"/api/v1/workflows/{workflow_id}/releases", {})

    def release(self, workflow_id: str, number: int) -> Json:
        return self._json("GET", f"/api/v1/workflows/{workflow_id}/releases/{number}")

    def compare(self, workflow_id: str, **numbers: int) -> Json:
        """What the release `head` does otherwise than `base`; the current one, and the one
        before it, where they are not named."""
        path = f"/api/v1/workflows/{workflow_id}/releases/compare"
        return self._json("GET", path, params=numbers, timeout=600)

    def release_dag(self, workflow_id: str, number: int) -> str:
        """The DAG file that was generated for the release."""
        path = f"/api/v1/workflows/{workflow_id}/releases/{number}/dag"
        return self._send("GET", path).text
