from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.integration

DECLARED = {
    "name": "digits",
    "tasks": [
        {"name": "load", "script_path": "src/data.py", "function_name": "load"},
        {
            "name": "train",
            "script_path": "src/train.py",
            "function_name": "train_modle",
            "dependencies": ["load"],
        },
    ],
}


def test_a_workflow_of_the_server_is_checked_without_a_deploy(service: Any) -> None:
    made = service.workflow("load")
    answer = service.json("check", made["name"])
    assert set(answer.pop("params_schemas")) == {"load"}
    assert answer == {"ok": True, "commit": None, "problems": []}
    assert "The check passes" in service.run("check", made["id"]).stderr
    with service.client as client:
        client.create_task(workflow_id=made["id"], name="broken", python_callable="x = 1")
    ended = service.call("check", made["name"], "-o", "json")
    assert ended.exit_code == 2
    [problem] = json.loads(ended.stdout)["problems"]
    assert (problem["code"], problem["task"]) == ("inline-not-one-function", "broken")
    assert "Refused: 1 errors, 0 warnings" in service.call("check", made["name"]).stderr


def test_a_folder_is_checked_without_a_server(service: Any, tmp_path: Path) -> None:
    source = tmp_path / "src"
    source.mkdir()
    (source / "data.py").write_text("def load(): ...\n")
    (source / "train.py").write_text("def train_model(load): ...\n")
    (tmp_path / "requirements.txt").write_text("--index-url https://evil.example/simple\n")
    (tmp_path / "out").symlink_to("/etc")
    file = tmp_path / "workflow.json"
    file.write_text(json.dumps(DECLARED))
    options = ("--file", str(file), "--folder", str(tmp_path))
    ended = service.call("check", *options, "-o", "json", TAXIWAY_SERVER="http://127.0.0.1:1")
    assert ended.exit_code == 2
    found = json.loads(ended.stdout)
    assert [(p["code"], p["file"], p["line"]) for p in found["problems"]] == [
        ("function-not-found", "src/train.py", 1),
        ("link-leaves-tree", "out", None),
        ("requirement-index", "requirements.txt", 1),
    ]
    assert "did you mean `train_model`?" in found["problems"][0]["hint"]
    (source / "train.py").write_text("def train_modle(load): ...\n")
    (tmp_path / "requirements.txt").unlink()
    (tmp_path / "out").unlink()
    assert service.json("check", *options)["ok"] is True


def test_a_check_is_told_what_to_check(service: Any, tmp_path: Path) -> None:
    assert service.call("check").exit_code == 2
    file = tmp_path / "workflow.json"
    file.write_text('{"tasks": [1]}')
    refused = service.call("check", "--file", str(file), "--folder", str(tmp_path))
    assert (refused.exit_code, "file declares no workflow" in refused.stderr) == (2, True)
    assert service.call("check", "--file", str(file), "--folder", "/none").exit_code == 3


def test_releases_tell_what_they_changed_and_are_compared(service: Any) -> None:
    made = service.deployed("load")
    with service.client as client:
        client.create_task(
            workflow_id=made["id"],
            name="report",
            python_callable="def report(**kw): ...",
            params={"n": 1},
        )
    service.run("deploy", made["id"])
    assert "tasks 1" in service.run("releases", "show", made["id"], "2").stdout
    shown = service.run("releases", "compare", made["id"])
    assert "Release 1 → 2" in shown.stderr
    assert "task report added" in shown.stdout
    found = service.json("releases", "compare", made["id"], "1", "2")
    assert [change["kind"] for change in found["workflow"]] == ["task-added"]
    assert found["files"] == []
    assert service.call("releases", "compare", made["id"], "7", "8").exit_code == 3
