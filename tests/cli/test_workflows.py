from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.integration


@pytest.fixture
def name() -> str:
    return f"w{uuid.uuid4().hex[:10]}"


def test_what_create_is_given_arrives(service: Any, name: str, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("numpy\n")
    made = service.json(
        *("workflows", "create", name, "--repository", "https://example.org/a.git"),
        *("--branch", "next", "--schedule", "30 6 * * *", "--timezone", "Europe/Berlin"),
        *("--description", "d", "--catchup", "--max-active-runs", "3", "--inactive"),
        *("--requirements", str(tmp_path / "requirements.txt"), "--env", "A=1", "--env", "B=x=y"),
        *("--secret", "KEY=connection:db", "--dependency-group", "gpu"),
    )
    expected = {
        "name": name,
        "git_repository": "https://example.org/a.git",
        "git_branch": "next",
        "schedule": "30 6 * * *",
        "timezone": "Europe/Berlin",
        "description": "d",
        "catchup": True,
        "max_active_runs": 3,
        "is_active": False,
        "requirements": "numpy\n",
        "env": {"A": "1", "B": "x=y"},
        "secrets": {"KEY": "connection:db"},
        "dependency_groups": ["gpu"],
    }
    assert {key: made[key] for key in expected} == expected


def test_fields_come_from_a_file_and_options_go_over_them(
    service: Any, name: str, tmp_path: Path
) -> None:
    file = tmp_path / "workflow.json"
    file.write_text(json.dumps({"schedule": "@daily", "git_branch": "old"}))
    made = service.json("workflows", "create", name, "-f", str(file), "--branch", "new")
    assert (made["schedule"], made["git_branch"]) == ("@daily", "new")


@pytest.mark.parametrize("by", ["id", "dag_id", "name"])
def test_a_workflow_is_found_by_id_dag_id_or_name(service: Any, name: str, by: str) -> None:
    made = service.workflow(name=f"{name} Überblick")
    assert service.json("workflows", "show", made[by])["id"] == made["id"]


def test_a_renamed_workflow_is_found_by_its_dag_id(service: Any, name: str) -> None:
    made = service.workflow(name=name)
    service.run("workflows", "update", name, "--name", f"{name} renamed")
    assert service.json("workflows", "show", name)["id"] == made["id"]


def test_a_wrong_name_is_not_found_and_a_like_one_is_offered(service: Any, name: str) -> None:
    service.workflow(name=name)
    ended = service.call("workflows", "show", f"{name}x")
    assert (ended.exit_code, ended.stdout) == (3, "")
    assert f"error: There is no workflow '{name}x'" in ended.stderr
    assert f"hint: Do you mean {name}" in ended.stderr


def test_data_is_on_stdout_and_the_address_on_stderr(service: Any, name: str) -> None:
    ended = service.run("workflows", "create", name, "-o", "json")
    made = json.loads(ended.stdout)
    assert ended.stderr == f"API      {service.url}/api/v1/workflows/{made['id']}\n"


def test_the_list_is_a_table_of_eighty_columns_that_cuts_nothing_off(
    service: Any, name: str
) -> None:
    service.workflow(name=name + "z" * 100, schedule="@daily")
    shown = service.run("workflows", "list", "-q", name).stdout
    assert shown.splitlines()[0].split() == ["name", "DAG", "id", "schedule", "release", "active"]
    assert max(map(len, shown.splitlines())) <= 80
    assert shown.count("z") == 200
    assert "…" not in shown
    assert "\x1b" not in shown


def test_a_list_says_when_there_are_more(service: Any, name: str) -> None:
    for number in range(3):
        service.workflow(name=f"{name} {number}")
    ended = service.run("workflows", "list", "-q", name, "--limit", "2", "-o", "json")
    assert len(json.loads(ended.stdout)) == 2
    assert "There are more" in ended.stderr


def test_an_empty_list_is_a_note_and_no_data(service: Any, name: str) -> None:
    ended = service.run("workflows", "list", "-q", name)
    assert (ended.stdout, ended.stderr) == ("", "There is no workflow that fits.\n")


def test_show_has_the_tasks_and_where_they_come(service: Any) -> None:
    made = service.workflow("load", "train")
    shown = service.run("workflows", "show", made["name"]).stdout
    lines = [line.split() for line in shown.splitlines()]
    assert lines[-2:] == [["load", "inline", "code"], ["train", "inline", "code", "load"]]


def test_update_changes_only_what_is_given(service: Any) -> None:
    made = service.workflow(schedule="@daily", description="kept")
    changed = service.json("workflows", "update", made["id"], "--schedule", "")
    assert (changed["schedule"], changed["description"]) == (None, "kept")


def test_delete_removes_it(service: Any) -> None:
    made = service.workflow()
    ended = service.run("workflows", "delete", made["name"], "--yes")
    assert ended.stdout == ""
    assert service.call("workflows", "show", made["id"]).exit_code == 3


def test_every_problem_is_told_with_its_place(service: Any, name: str) -> None:
    ended = service.call(
        *("workflows", "create", name, "--schedule", "* *", "--timezone", "Mars/Base", "-o", "json")
    )
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "  /schedule: " in ended.stderr
    assert "  /timezone: " in ended.stderr


def test_a_name_that_is_taken_is_a_conflict(service: Any) -> None:
    made = service.workflow()
    assert service.call("workflows", "create", made["name"]).exit_code == 4


def test_an_option_that_is_no_pair_is_refused(service: Any, name: str) -> None:
    ended = service.call("workflows", "create", name, "--env", "A")
    assert ended.exit_code == 2
    assert "--env 'A': write it as NAME=VALUE" in ended.stderr


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [(None, 3, "There is no file"), ("{", 2, "is no JSON"), ("[]", 2, "holds no JSON object")],
)
def test_a_file_that_cannot_be_used_is_named(
    service: Any, name: str, tmp_path: Path, content: str | None, status: int, said: str
) -> None:
    file = tmp_path / "fields.json"
    if content is not None:
        file.write_text(content)
    ended = service.call("workflows", "create", name, "-f", str(file))
    assert ended.exit_code == status
    assert said in ended.stderr
    assert "fields.json" in ended.stderr


def test_text_of_others_cannot_steer_the_terminal(service: Any, name: str) -> None:
    made = service.workflow(name=name, description="\x1b[2Jgone")
    shown = service.run("workflows", "show", made["id"]).stdout
    assert "\x1b" not in shown
    assert "\N{REPLACEMENT CHARACTER}[2Jgone" in shown


def test_no_server_is_unavailable_and_says_how_to_start_one(service: Any) -> None:
    ended = service.call("workflows", "list", "--server", "http://127.0.0.1:9")
    assert ended.exit_code == 7
    assert "hint: Start it with `taxiway up`" in ended.stderr


def test_a_notification_without_an_address_is_refused_with_a_hint(service: Any) -> None:
    workflow = service.workflow("load")
    ended = service.call("workflows", "notify-test", workflow["name"])
    assert ended.exit_code == 4
    assert "hint: " in ended.stderr
