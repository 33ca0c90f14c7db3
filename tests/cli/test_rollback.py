"""Going back and looking back by command."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

pytestmark = pytest.mark.integration


def two_releases(service: Any) -> Any:
    made = service.deployed("load")
    with service.client as client:
        client.update_workflow(made["id"], description="two")
    service.run("deploy", made["name"], "-m", "the second")
    return made


def test_a_workflow_is_rolled_back_held_and_resumed(service: Any) -> None:
    made = two_releases(service)
    with service.client as client:
        run = client.trigger(made["id"])
    planned = service.run("rollback", made["name"], "1", "--dry-run")
    assert "Would go back from release 2 to release 1 (description)" in planned.stderr
    assert run["id"] in planned.stdout
    done = service.run("rollback", made["name"], "1", "--message", "worse")
    assert "is held at release 1 by local:" in done.stderr
    assert "--release 2" in done.stderr
    shown = service.run("workflows", "show", made["name"])
    assert "held at release 1 by local:" in shown.stdout
    refused = service.call("deploy", made["name"])
    assert refused.exit_code == 4
    again = service.json("rerun", made["name"], "--release", "2")
    assert (again["started"], again["items"][0]["run"]) == (1, run["id"])
    resumed = service.run("resume", made["name"])
    assert "it deploys again" in resumed.stderr
    assert service.json("rollback", made["name"], "1")["hold"]["release"] == 1
    assert service.json("deploy", made["name"], "--resume")["number"] == 3
    listed = service.run("releases", "list", made["name"]).stdout
    assert "the second" in listed


def test_the_record_is_shown_and_exported(service: Any) -> None:
    made = two_releases(service)
    lines = service.json("audit", "--workflow", made["name"], "--action", "workflow.deploy")
    assert [line["after"]["message"] for line in lines] == ["the second", None]
    assert "workflow.publish" in service.run("audit").stdout
    text = service.run("audit", "--workflow", made["name"], "--csv").stdout
    actions = [row["action"] for row in csv.DictReader(io.StringIO(text))]
    assert actions.count("workflow.deploy") == 2


def test_a_clean_up_says_what_it_would_free(service: Any) -> None:
    two_releases(service)
    done = service.run("cleanup", "--dry-run")
    assert "No release is old enough" in done.stderr
    assert "Would free" in done.stderr
    assert service.json("cleanup", "--dry-run")["releases"] == []
