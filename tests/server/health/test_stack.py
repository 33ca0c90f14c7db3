from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from fastapi.testclient import TestClient

from taxiway import __version__
from taxiway.server.database import now
from taxiway.server.health.stack import Scales
from taxiway.storage.cache import Cache
from taxiway.storage.store import Storage


def test_the_stack_tells_versions_and_what_its_parts_hold(client: TestClient) -> None:
    stack = client.get("/api/v1/stack").json()
    assert stack["versions"]["taxiway"] == __version__
    assert (stack["versions"]["database"], stack["versions"]["airflow"]) == ("sqlite", "in memory")
    assert {"values", "layers"} <= {one["name"] for one in stack["storage"]}
    assert {"mirrors", "environments"} <= {one["name"] for one in stack["caches"]}


def test_sizes_are_measured_once_a_minute(tmp_path: Path) -> None:
    storage = Storage(f"file://{tmp_path}/storage")
    moment = now()
    scales = Scales(storage, Cache(tmp_path / "cache"), clock=lambda: moment)

    def values() -> tuple[int, int]:
        [found] = [one for one in scales.sizes().storage if one.name == "values"]
        return found.entries, found.bytes

    assert values() == (0, 0)
    storage.put("values/a", b"12345")
    assert values() == (0, 0)
    moment += timedelta(minutes=2)
    assert values() == (1, 5)
