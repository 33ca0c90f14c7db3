from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from taxiway.client.http import TaxiwayClient

pytestmark = pytest.mark.integration

INLINE = "def load(**kw):\n    return 1\n"


@pytest.fixture
def source(tmp_path: Path) -> str:
    path = tmp_path / "load.py"
    path.write_text(INLINE)
    return str(path)


def test_what_create_is_given_arrives(service: Any) -> None:
    made = service.workflow("load")
    task = service.json(
        *("tasks", "create", made["name"], "train", "--script", "src/train.py"),
        *("--function", "train", "--param", "epochs=100", "--param", 'kind="svm"'),
        *("--after", "load", "--retries", "2", "--retry-delay", "5", "--timeout", "60"),
        *("--trigger-rule", "all_done", "--pool", "gpu", "--pool-slots", "2", "--queue", "q"),
        *("--env", "A=1", "--input", "data=load.rows", "--secret", "KEY=variable:key"),
        *("--expand", "seed=[1, 2]", "--expand", "item=load"),
    )
    expected = {
        "workflow_id": made["id"],
        "name": "train",
        "script_path": "src/train.py",
        "function_name": "train",
        "params": {"epochs": 100, "kind": "svm"},
        "dependencies": ["load"],
        "retry_count": 2,
        "retry_delay": 5,
        "timeout": 60,
        "trigger_rule": "all_done",
        "pool": "gpu",
        "pool_slots": 2,
        "queue": "q",
        "env": {"A": "1"},
        "inputs": {"data": "load.rows"},
        "expand": {"seed": [1, 2], "item": "load"},
        "secrets": {"KEY": "variable:key"},
    }
    assert {key: task[key] for key in expected} == expected


def test_a_field_is_unset(service: Any) -> None:
    made = service.workflow("load")
    call = ("tasks", "update", made["name"], "load")
    assert service.json(*call, "--warm", "--timeout", "60")["warm"] is True
    cleared = service.json(*call, "--unset", "warm", "--unset", "timeout")
    assert (cleared["warm"], cleared["timeout"]) == (None, None)
    whole = ("workflows", "update", made["name"])
    assert service.json(*whole, "--no-warm")["warm"] is False
    assert service.json(*whole, "--unset", "warm", "--unset", "notify-url")["warm"] is None
    both = service.call(*whole, "--warm", "--unset", "warm")
    assert both.exit_code == 2 and "both given and unset" in both.stderr
    unknown = service.call(*whole, "--unset", "wram")
    assert unknown.exit_code == 2 and "'wram'" in unknown.stderr


def test_wiring_is_replaced_and_cleared(service: Any) -> None:
    made = service.workflow("load", "train")
    call = ("tasks", "update", made["name"], "train")
    wired = service.json(
        *call, "--input", "a=load", "--expand", "b=[1]", "--secret", "C=variable:d"
    )
    assert (wired["inputs"], wired["expand"]) == ({"a": "load"}, {"b": [1]})
    assert service.json(*call, "--input", "z=load")["inputs"] == {"z": "load"}
    bare = service.json(*call, "--input", "", "--expand", "", "--secret", "")
    assert [bare[name] for name in ("inputs", "expand", "secrets")] == [{}, {}, {}]
    for wrong in (("--expand", "b=[1"), ("--input", "a"), ("--secret", "C=file:x")):
        assert service.call(*call, *wrong).exit_code == 2


def test_inline_code_comes_from_a_file_and_is_shown(service: Any, source: str) -> None:
    made = service.workflow()
    service.run("tasks", "create", made["name"], "load", "--inline", source)
    assert INLINE in service.run("tasks", "show", made["name"], "load").stdout


def test_update_and_delete_reach_the_task_by_name(service: Any) -> None:
    made = service.workflow("load", "train")
    changed = service.json("tasks", "update", made["name"], "train", "--after", "", "--name", "fit")
    assert (changed["name"], changed["dependencies"]) == ("fit", [])
    service.run("tasks", "delete", made["name"], "load", "--yes")
    assert [task["name"] for task in service.json("tasks", "list", made["name"])] == ["fit"]


def test_a_task_that_others_need_is_not_deleted(service: Any) -> None:
    made = service.workflow("load", "train")
    ended = service.call("tasks", "delete", made["name"], "load", "--yes")
    assert ended.exit_code == 4
    assert "train" in ended.stderr


def test_a_wrong_name_is_not_found_and_the_right_ones_are_named(service: Any) -> None:
    made = service.workflow("load", "train")
    ended = service.call("tasks", "show", made["name"], "laod")
    assert ended.exit_code == 3
    assert "hint: It has: load, train." in ended.stderr


def test_a_param_that_is_no_json_is_refused_with_a_way_out(service: Any, source: str) -> None:
    made = service.workflow()
    ended = service.call(
        "tasks", "create", made["name"], "load", "--inline", source, "--param", "kind=svm"
    )
    assert ended.exit_code == 2
    assert "--param kind: 'svm' is no JSON" in ended.stderr
    assert "hint: A text stands in double quotes" in ended.stderr


def test_the_list_shows_what_runs_after_what(service: Any) -> None:
    made = service.workflow("load", "train")
    shown = service.run("tasks", "list", made["name"]).stdout.splitlines()
    assert [line.rstrip() for line in shown] == [
        "task   runs         after  params",
        "load   inline code",
        "train  inline code  load",
    ]


@pytest.mark.parametrize("wrapped", [False, True])
def test_replace_makes_the_tasks_of_a_file_the_only_ones(
    service: Any, tmp_path: Path, wrapped: bool
) -> None:
    made = service.workflow("old")
    tasks: Any = [
        {"name": "load", "python_callable": INLINE},
        {"name": "fit", "python_callable": INLINE, "dependencies": ["load"]},
    ]
    file = tmp_path / "tasks.json"
    file.write_text(json.dumps({"tasks": tasks} if wrapped else tasks))
    now = service.json("tasks", "replace", made["name"], str(file))
    assert [(task["name"], task["dependencies"]) for task in now] == [
        ("load", []),
        ("fit", ["load"]),
    ]


def test_replace_does_not_write_over_what_somebody_changed_meanwhile(
    service: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = service.workflow("old")
    replace = TaxiwayClient.replace_tasks

    def late(client: TaxiwayClient, *args: Any, **more: Any) -> Any:
        client.create_task(workflow_id=made["id"], name="theirs", python_callable=INLINE)
        return replace(client, *args, **more)

    monkeypatch.setattr(TaxiwayClient, "replace_tasks", late)
    file = tmp_path / "tasks.json"
    file.write_text(json.dumps([{"name": "load", "python_callable": INLINE}]))
    ended = service.call("tasks", "replace", made["name"], str(file))
    assert ended.exit_code == 4
    assert [t["name"] for t in service.json("tasks", "list", made["name"])] == ["old", "theirs"]
