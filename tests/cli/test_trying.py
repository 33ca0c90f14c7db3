from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from taxiway.runner.records import Came, make_record, note_of, to_bytes
from taxiway.server.orchestrator.port import RecordTag

pytestmark = pytest.mark.integration

SOURCE = """\
import math
def train_model(epochs: int = 1, scale=1):
    print("training", epochs)
    return {"metrics": {"loss": scale / epochs}, "best": math.nan}
"""


def test_a_function_of_the_working_tree_is_run_without_a_server(
    service: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.py").write_text(SOURCE)
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path / "src")
    nowhere = {"TAXIWAY_SERVER": "http://127.0.0.1:1"}
    call = ("try", "train.py:train_model", "-p", "epochs=4")
    ended = service.call(*call, "-o", "json", **nowhere)
    assert ended.exit_code == 0, ended.stderr
    found = json.loads(ended.stdout)
    assert found["value"]["metrics"] == {"loss": 0.25}
    assert found["summary"]["metrics"] == {"metrics.loss": 0.25}
    assert "training 4" in ended.stderr
    wrong = service.call("try", "train.py:train_model", "-p", "epoch=4", **nowhere)
    assert wrong.exit_code == 2 and "does not take epoch" in wrong.stderr
    assert service.call("try", "train.py", **nowhere).exit_code == 2
    assert "no file src/gone.py" in service.call("try", "gone.py:f", **nowhere).stderr
    assert not list(tmp_path.rglob("__pycache__"))


ASK = """\
import os
def ask(fail=False):
    key = os.environ["API_KEY"]
    print("the key is", key)
    if fail:
        raise ValueError("not with " + key)
    return {"key": [key], "path": "OTHER_KEY" in os.environ}
"""


def test_secrets_of_who_tries_reach_the_function_and_nothing_that_is_shown(
    service: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ask.py").write_text(ASK)
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    call = ("try", "ask.py:ask", "--secret", "API_KEY")
    given = {"API_KEY": "correct-horse", "OTHER_KEY": "battery", "TAXIWAY_SERVER": "http://[::1]:1"}
    ended = service.call(*call, **given)
    assert ended.exit_code == 0, ended.stderr
    assert "the key is ***" in ended.stderr and '"path": false' in ended.stdout
    failed = service.call(*call, "-p", "fail=true", **given)
    assert failed.exit_code != 0 and "not with ***" in failed.stderr
    for shown in (ended, failed):
        assert "correct-horse" not in shown.stdout + shown.stderr
    short = service.call(*call, **given | {"API_KEY": "abc"})
    assert short.exit_code == 2 and "shorter than 5" in short.stderr
    missing = service.call(*call[:-1], "GONE", **given)
    assert missing.exit_code == 2 and "no GONE" in missing.stderr
    told = service.call(*call[:-1], "API_KEY=correct-horse", **given)
    assert told.exit_code == 2 and "correct-horse" not in told.stderr
    assert service.call(*call[:-1], "PATH", **given).exit_code == 2


EVALUATE = """\
def evaluate(item, folder, accuracy, large, threshold=0.5, context=None):
    assert large["file"].read_text() == "inner"
    whole = context["ti"].xcom_pull("make")
    return [item, whole, (folder / "a" / "b").read_text(), accuracy > threshold]
"""


def test_it_is_given_what_a_task_of_a_run_was_given(
    service: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = service.airflow.storage
    made = service.workflow("evaluate")
    service.run("deploy", made["id"])
    inner = storage.put_addressed("values", b"inner")
    index = json.dumps({"entries": [["a/b", "file", inner, 5]]}).encode()
    folder = {"__taxiway__": "value", "format": "folder", "type": "pathlib.PosixPath", "size": 5}
    folder |= {"digest": storage.put_addressed("values", index), "summary": {}, "name": "out"}
    file = {"__taxiway__": "value", "format": "file", "digest": inner, "size": 5, "name": "a.txt"}
    text = json.dumps({"file": file | {"type": "pathlib.PosixPath", "summary": {}}}).encode()
    large = {"__taxiway__": "value", "format": "json", "type": "dict", "size": len(text)}
    large |= {"digest": storage.put_addressed("values", text), "summary": {}, "files": [file]}
    inputs = {
        "large": note_of("report", "", large),
        "item": note_of("make", "", {"n": 1}),
        "folder": note_of("load", "", folder),
        "accuracy": note_of("train", ".metrics.accuracy", {"metrics": {"accuracy": 0.75}}),
        "xcom_pull(make)": note_of("make", "", [{"n": 1}, {"n": 2}]),
    }
    facts = {"release": "d" * 64, "task": "evaluate", "map_index": 0, "try_number": 1}
    record = make_record(facts, {"threshold": 0.7}, inputs, Came(1, ended_well=True))
    digest = storage.put_addressed("records", to_bytes(record), ".json")
    service.airflow.state = None
    run = service.json("runs", "trigger", made["name"])
    tag = RecordTag("evaluate", 0, digest)
    service.airflow.end(made["dag_id"], run["airflow_run_id"], "success", {}, records=[tag])

    (tmp_path / "evaluate.py").write_text(EVALUATE)
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    call = ("try", "evaluate.py:evaluate", "--inputs-of", run["id"], "--map-index", "0")
    assert service.json(*call)["value"] == [{"n": 1}, [{"n": 1}, {"n": 2}], "inner", True]
    assert service.json(*call, "-p", "threshold=0.9")["value"][3] is False
    assert service.call(*call[:-1], "1").exit_code == 3
