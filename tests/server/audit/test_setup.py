"""Settings that differ from those of the last start are on record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi.testclient import TestClient


def test_a_changed_setting_is_on_record_and_a_secret_one_is_not_shown(
    door: Callable[..., TestClient],
) -> None:
    door(settings={"indexes": "https://me:hunter2@index.example/simple"})
    door(settings={"indexes": "https://me:hunter2@index.example/simple"})
    client = door(settings={"git_allow_hosts": "git.example.org"})
    answer = client.get("/api/v1/audit?action=settings.change")
    found: list[dict[str, Any]] = answer.json()["items"]
    assert len(found) == 2
    assert found[0]["before"] == {"changed": {"git_allow_hosts": [], "indexes": "***"}}
    assert found[0]["after"]["changed"] == {"git_allow_hosts": ["git.example.org"], "indexes": []}
    assert found[1]["before"] is None
    assert "hunter2" not in answer.text
