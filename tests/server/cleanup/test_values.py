"""Values, artifacts and records go with the runs that left them, and never before."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from taxiway.server.cleanup import lease
from taxiway.server.database import RunRow, TaskRunRow, now

pytestmark = pytest.mark.integration

LONG_AGO = timedelta(days=400)


@pytest.fixture
def live(start: Callable[..., Any]) -> Any:
    return start(cleanup_hours=0)


def put(live: Any, tmp_path: Path, data: bytes, folder: str = "values", age: float = 400) -> str:
    """An object as a worker puts it, some days ago."""
    digest = hashlib.sha256(data).hexdigest()
    source = tmp_path / digest
    source.write_bytes(data)
    name = f"{folder}/{digest}" + (".json" if folder == "records" else "")
    live.storage.put_file(name, source)
    moment = (now() - timedelta(days=age)).timestamp()
    os.utime(live.storage.folder / name, (moment, moment))
    return digest


def reference(digest: str, format: str = "npy") -> dict[str, Any]:
    return {"__taxiway__": "value", "format": format, "digest": digest, "size": 1}


def left(
    live: Any, run: Any, value: Any, record: str = "0" * 64, age: timedelta = timedelta(0)
) -> None:
    """What the server keeps of the record of a task run, and how old the run is."""
    kept = {"value": value, "inputs": {}, "artifacts": [], "summary": {}}
    with live.database.writing() as session:
        session.get_one(RunRow, run["id"]).created_at = now() - age
        facts = {"given": "", "record_digest": record, "record": kept}
        session.add(TaskRunRow(run_id=run["id"], task="load", **facts))


def ended(live: Any, made: Any, state: str = "success") -> Any:
    run = live.trigger(made)
    live.end(run, state)
    live.eventually(lambda: live.get(f"/runs/{run['id']}")["state"] == state)
    return run


def there(live: Any, *digests: str) -> list[bool]:
    return [live.storage.exists(f"values/{digest}") for digest in digests]


def test_what_no_kept_run_can_have_left_goes(live: Any, tmp_path: Path) -> None:
    made = live.inline()
    live.deploy(made)
    live.machinery.mirror.stop()
    run, old = live.trigger(made), live.trigger(made)
    for one in (run, old):
        with live.database.writing() as session:
            session.get_one(RunRow, one["id"]).state = "success"
    inner, young, artifact, gone, his = (put(live, tmp_path, data) for data in b"a b c d e".split())
    index = put(live, tmp_path, json.dumps({"model.bin": {"digest": inner}}).encode())
    left(live, run, [{"m": reference(index, "folder")}, reference(artifact)], "f" * 64)
    left(live, old, reference(his), age=LONG_AGO)
    fresh = put(live, tmp_path, b"fresh", age=1)
    records = [put(live, tmp_path, b"{}", "records"), put(live, tmp_path, b"[]", "records", age=1)]
    everything = (inner, young, artifact, gone, his, index, fresh)
    planned = live.post("/cleanup?dry_run=true", status=200)["storage"]
    assert all(there(live, *everything))
    done = live.post("/cleanup", status=200)["storage"]
    assert done == planned
    assert done["values"]["entries"] == 3 and done["values"]["bytes"] == 3
    assert done["records"]["entries"] == 1
    assert there(live, *everything) == [True, False, True, False, False, True, True]
    assert [live.storage.exists(f"records/{one}.json") for one in records] == [False, True]
    assert live.post("/cleanup", status=200)["storage"]["values"]["entries"] == 0


def test_a_run_in_progress_keeps_all_that_was_put_since_it_began(live: Any, tmp_path: Path) -> None:
    made = live.inline()
    live.deploy(made)
    live.machinery.mirror.stop()
    run = live.trigger(made)
    with live.database.writing() as session:
        session.get_one(RunRow, run["id"]).created_at = now() - LONG_AGO
    pushed, before = put(live, tmp_path, b"pushed", age=399), put(live, tmp_path, b"old", age=410)
    live.post("/cleanup", status=200)
    assert there(live, pushed, before) == [True, False]


def test_a_retry_that_needs_what_was_removed_is_refused_by_name(live: Any, tmp_path: Path) -> None:
    made = live.workflow()
    live.task(made, "load")
    live.task(made, "train", dependencies=["load"])
    live.deploy(made)
    run = ended(live, made, "failed")
    digest = put(live, tmp_path, b"loaded")
    left(live, run, reference(digest), age=LONG_AGO)
    assert lease.take(live.database)
    body = live.post(f"/runs/{run['id']}/retry", status=409)
    assert body["code"] == "cleanup-waits"
    lease.give_back(live.database)
    live.post("/cleanup", status=200)
    assert there(live, digest) == [False]
    body = live.post(f"/runs/{run['id']}/retry", {"tasks": ["train"]}, status=409)
    assert (body["code"], body["tasks"]) == ("run-values-removed", ["load"])
    put(live, tmp_path, b"loaded", age=0)
    live.post(f"/runs/{run['id']}/retry", {"tasks": ["train"]}, status=200)
