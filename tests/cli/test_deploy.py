from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.integration


def test_a_deploy_tells_the_release_and_where_it_is(service: Any) -> None:
    made = service.workflow("load")
    ended = service.run("deploy", made["name"])
    told = dict(line.split(maxsplit=1) for line in ended.stdout.splitlines())
    assert (told["release"].strip(), told["state"].strip()) == ("1", "ready")
    assert len(told["digest"].strip()) == 64
    assert "Ready after " in ended.stderr
    assert f"API      {service.url}/api/v1/workflows/{made['id']}/releases/1" in ended.stderr


def test_nothing_but_the_release_is_on_stdout_for_programs(service: Any) -> None:
    made = service.workflow("load")
    release = service.json("deploy", made["name"])
    assert (release["number"], release["state"]) == (1, "ready")


def test_a_deploy_that_fails_says_all_that_is_wrong(service: Any) -> None:
    made = service.workflow()
    ended = service.call("deploy", made["name"], "-o", "json")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "error: " in ended.stderr
    assert "hint: " in ended.stderr


def test_a_deploy_that_fails_later_has_the_exit_status_of_its_reason(service: Any) -> None:
    made = service.workflow(git_repository="https://127.0.0.1/a.git")
    with service.client as client:
        client.create_task(workflow_id=made["id"], name="t", script_path="a.py", function_name="f")
    ended = service.call("deploy", made["name"])
    assert ended.exit_code == 5
    assert "error: Release 1 failed: " in ended.stderr


def test_a_deploy_need_not_be_waited_for(service: Any) -> None:
    made = service.workflow("load")
    assert service.json("deploy", made["name"], "--no-wait")["number"] == 1


def test_releases_are_listed_newest_first_and_one_is_shown(service: Any) -> None:
    made = service.deployed("load")
    service.run("tasks", "update", made["name"], "load", "--retries", "1")
    service.run("deploy", made["name"])
    shown = service.run("releases", "list", made["name"]).stdout.splitlines()
    assert [line.split()[:3] for line in shown] == [
        ["release", "state", "current"],
        ["2", "ready", "yes"],
        ["1", "ready", shown[2].split()[2]],
    ]
    assert service.json("releases", "show", made["name"])["number"] == 2
    assert service.json("releases", "show", made["name"], "1")["number"] == 1


def test_the_generated_file_of_a_release_is_printed_as_it_is(service: Any) -> None:
    made = service.deployed("load")
    printed = service.run("releases", "dag", made["name"]).stdout
    compile(printed, "dag.py", "exec")
    assert made["dag_id"] in printed


def test_what_was_never_deployed_has_no_release(service: Any) -> None:
    made = service.workflow("load")
    ended = service.call("releases", "show", made["name"])
    assert ended.exit_code == 4
    assert f"hint: `taxiway deploy {made['dag_id']}` makes one." in ended.stderr
