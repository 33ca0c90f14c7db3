"""All pages of one of Airflow's lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from taxiway.server.orchestrator.airflow_http import AirflowSession, understood

PAGE = 100


def by_offset(
    http: AirflowSession, path: str, key: str, query: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The entries under `key`, of a list that does not change its order."""
    found: list[dict[str, Any]] = []
    while True:
        page = http.json("GET", path, params={**query, "limit": PAGE, "offset": len(found)})
        with understood(path):
            entries = list(page[key])
        found += entries
        if len(entries) < PAGE:
            return found


def by_cursor(
    http: AirflowSession, path: str, key: str, query: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The same where an entry that changes meanwhile would shift those behind an offset."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = http.json("GET", path, params={**query, "limit": PAGE, "cursor": cursor})
        with understood(path):
            found += page[key]
            cursor = page.get("next_cursor") or ""
        if not cursor:
            return found
