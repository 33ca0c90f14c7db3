"""What went into task runs and what came out, as the server keeps it and hands it out."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from typing import Any

import pytest

from taxiway.runner.records import Came, make_record, note_of, to_bytes
from taxiway.server.orchestrator.port import RecordTag

pytestmark = pytest.mark.integration

SVG = b"<svg onload='alert(1)'/>"


@pytest.fixture
def deployed(live: Any) -> Any:
    workflow = live.workflow()
    live.task(workflow, "train_model")
    live.deploy(workflow)
    return workflow


def put(live: Any, data: bytes) -> str:
    return str(live.storage.put_addressed("values", data))


def end(live: Any, workflow: Any, came: Came, params: dict[str, Any], index: int = -1) -> str:
    """A run that left this record; its id."""
    run = live.trigger(workflow)
    facts = {"release": "d" * 64, "task": "train_model", "map_index": index, "try_number": 1}
    inputs = {"data": note_of("load", "", [1, 2])}
    data = to_bytes(make_record(facts, params, inputs, came))
    digest = live.storage.put_addressed("records", data, ".json")
    tag = RecordTag("train_model", index, digest)
    live.end(run, values={"train_model": came.value}, records=[tag])
    live.get(f"/runs/{run['id']}")  # looks, and keeps
    return str(run["id"])


def test_values_files_and_equal_task_runs_are_told(live: Any, deployed: Any) -> None:
    svg, folder_file = put(live, SVG), put(live, b"inner")
    index = put(live, json.dumps({"entries": [["a/b", "file", folder_file, 5]]}).encode())
    figure = {"__taxiway__": "value", "digest": put(live, b"png"), "format": "png", "size": 3}
    figure |= {"type": "F", "summary": {}, "parts": {"svg": {"digest": svg, "size": 9}}}
    figure["parts"]["svg"]["media_type"] = "image/svg+xml"
    folder = {"__taxiway__": "value", "digest": index, "format": "folder", "size": 5}
    folder |= {"type": "P", "summary": {}, "name": "out"}
    value = {"acc": 0.5, "plots": [figure], "out": folder}
    kept = put(live, b"log line")
    artifact = {"path": "logs/x.txt", "size": 8, "digest": kept}
    came = Came(value, {"metrics": {"acc": 0.5}}, (artifact,), ended_well=True)
    first = end(live, deployed, came, {"epochs": 3})
    second = end(live, deployed, came, {"epochs": 3})
    other = end(live, deployed, came, {"epochs": 4})
    path = f"/runs/{second}/tasks/train_model"

    told = live.get(f"{path}/value")
    assert told["value"] == value and told["summary"] == {"metrics": {"acc": 0.5}}
    record = live.get(f"{path}/record")
    assert (record["params"], record["state"]) == ({"epochs": 3}, "success")
    assert record["inputs"]["data"]["task"] == "load"
    assert record["digests"]["value"] == told["digest"]
    assert record["equal_runs"] == [first] and other not in record["equal_runs"]

    def load(rest: str) -> Any:
        return live.client.get(f"/api/v1{path}{rest}")

    assert load("/value/download").json() == value
    assert load("/value/download?part=/plots/0").content == b"png"
    shown = load("/value/download?part=/plots/0&as=svg")
    assert shown.content == SVG and shown.headers["content-type"] == "image/svg+xml"
    assert shown.headers["content-disposition"].startswith("attachment")
    assert shown.headers["x-content-type-options"] == "nosniff"
    packed = load("/value/download?part=/out").content
    assert zipfile.ZipFile(io.BytesIO(packed)).read("a/b") == b"inner"
    assert load("/value/download?part=/nothing").json()["code"] == "value-part-not-found"
    assert live.get(f"{path}/artifacts")["items"] == [artifact]
    assert load("/artifacts/logs/x.txt").content == b"log line"
    assert load("/artifacts/../../etc").status_code == 404
    assert load(f"/record/files/{svg}").content == SVG
    unknown = hashlib.sha256(b"unknown").hexdigest()
    assert load(f"/record/files/{unknown}").json()["code"] == "value-not-found"

    [series] = live.get(f"/workflows/{deployed['id']}/metrics")["items"]
    assert (series["task"], series["name"]) == ("train_model", "acc")
    assert {point["run_id"] for point in series["points"]} == {first, second, other}
    assert {point["release"] for point in series["points"]} == {1}


def test_a_damaged_value_is_not_handed_out(live: Any, deployed: Any) -> None:
    reference = {"__taxiway__": "value", "digest": "e" * 64, "format": "npy", "size": 1}
    reference |= {"type": "A", "summary": {}}
    live.storage.put(f"values/{'e' * 64}", b"other")
    run = end(live, deployed, Came(reference, {}, (), ended_well=True), {})
    answer = live.client.get(f"/api/v1/runs/{run}/tasks/train_model/value/download")
    assert (answer.status_code, answer.json()["code"]) == (503, "value-damaged")


def test_the_values_of_many_elements_stand_in_order(live: Any, deployed: Any) -> None:
    run = live.trigger(deployed)
    left = [
        Came(7, {"type": "int"}, (), ended_well=True),
        Came(artifacts=({"path": "why.txt", "size": 1, "digest": put(live, b"!")},)),
        Came(None, {}, (), ended_well=True),
    ]
    tags = []
    for index, came in enumerate(left):
        facts = {"release": "d" * 64, "task": "train_model", "map_index": index, "try_number": 1}
        data = to_bytes(make_record(facts, {"seed": index}, {}, came))
        digest = live.storage.put_addressed("records", data, ".json")
        tags.append(RecordTag("train_model", index, digest))
    live.end(run, values={"train_model[0]": 7}, records=tags)
    path = f"/runs/{run['id']}/tasks/train_model"
    told = live.get(f"{path}/value")
    assert (told["value"], told["summaries"]) == ([7, None, None], [{"type": "int"}, {}, {}])
    assert live.get(f"{path}/value?map_index=0")["value"] == 7
    assert live.get(f"{path}/value?map_index=1", status=404)["code"] == "value-not-found"
    assert live.get(f"{path}/value?map_index=2")["value"] is None
    assert live.get(f"{path}/record?map_index=2")["params"] == {"seed": 2}
    assert live.get(f"{path}/record")["map_index"] == 0
    assert [one["params"]["seed"] for one in live.get(f"{path}/records")["items"]] == [0, 1, 2]
    assert live.get(f"{path}/records?map_index=1")["items"][0]["params"] == {"seed": 1}
    assert live.get(f"{path}/records?map_index=9") == {"items": [], "total": 0}
    assert live.get(f"{path}/artifacts?map_index=1")["items"][0]["path"] == "why.txt"
    load = live.client.get(f"/api/v1{path}/artifacts/why.txt?map_index=1")
    assert load.content == b"!"
