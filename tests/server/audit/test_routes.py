"""The record as the API tells it: lines, filters and CSV."""

from __future__ import annotations

import csv
import getpass
import io
import json
from collections.abc import Callable
from typing import Any

from fastapi.testclient import TestClient

from taxiway.server.audit.record import record
from taxiway.server.database import Database

Make = Callable[..., dict[str, Any]]
WHO = f"local:{getpass.getuser()}"


def lines(client: TestClient, **asked: Any) -> list[dict[str, Any]]:
    answer = client.get("/api/v1/audit", params=asked)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def test_edits_are_on_record_with_what_was_before(
    client: TestClient, make_workflow: Make, make_task: Make
) -> None:
    made = make_workflow(env={"TOKEN": "hunter2"}, notify_url="https://chat.example/hooks/s3cret")
    task = make_task(made, "load", params={"a": 1})
    headers = {"X-Request-ID": "asked-7", "X-Taxiway-Actor": "ci"}
    client.patch(f"/api/v1/workflows/{made['id']}", json={"git_branch": "next"}, headers=headers)
    client.patch(f"/api/v1/tasks/{task['id']}", json={"params": {"a": 2}})
    graph = [{"name": "new", "python_callable": "def new(): pass"}]
    client.put(f"/api/v1/workflows/{made['id']}/tasks", json=graph)
    client.delete(f"/api/v1/workflows/{made['id']}")
    found = [line for line in lines(client, limit=200) if line["kind"] != "settings"]
    assert [line["action"] for line in reversed(found)][:4] == [
        "workflow.create",
        "task.create",
        "workflow.update",
        "task.update",
    ]
    assert {line["action"] for line in found[:3]} == {
        "task.create",
        "task.delete",
        "workflow.delete",
    }
    (edit,) = lines(client, action="workflow.update")
    assert (edit["who"], edit["client"], edit["request_id"]) == (WHO, "ci", "asked-7")
    assert (edit["kind"], edit["subject_id"], edit["name"]) == ("workflow", made["id"], "digits")
    assert (edit["before"], edit["after"]) == ({"git_branch": "main"}, {"git_branch": "next"})
    (edit,) = lines(client, action="task.update")
    assert (edit["before"], edit["after"]) == ({"params": {"a": 1}}, {"params": {"a": 2}})
    (created,) = lines(client, action="workflow.create")
    assert created["after"]["env"] == {"TOKEN": "***"}
    assert created["after"]["notify_url"] == "https://chat.example/***"
    assert "hunter2" not in json.dumps(found)
    assert "s3cret" not in json.dumps(found)


def test_the_record_is_narrowed_and_paged(client: TestClient, make_workflow: Make) -> None:
    one, two = make_workflow("one"), make_workflow("two")
    for number in range(3):
        client.patch(f"/api/v1/workflows/{one['id']}", json={"description": f"{number}"})
    assert len(lines(client, workflow_id=one["id"])) == 4
    assert len(lines(client, subject_id=two["id"])) == 1
    assert len(lines(client, action=["workflow.create"], kind="workflow")) == 2
    assert len(lines(client, action="workflow.")) == 5
    assert len(lines(client, who=WHO, workflow_id=one["id"])) == 4
    assert lines(client, who="local:nobody") == []
    newest = lines(client, workflow_id=one["id"])
    assert (
        lines(client, workflow_id=one["id"], created_before=newest[1]["created_at"]) == (newest[2:])
    )
    assert (
        lines(client, workflow_id=one["id"], created_after=newest[1]["created_at"]) == (newest[:2])
    )
    first = client.get("/api/v1/audit", params={"workflow_id": one["id"], "limit": 3}).json()
    rest = lines(client, workflow_id=one["id"], limit=3, cursor=first["next_cursor"])
    assert [*first["items"], *rest] == newest
    assert first["total"] == 4
    assert client.get("/api/v1/audit?actions=x").status_code == 422


def test_the_record_is_a_table_too(client: TestClient, make_workflow: Make) -> None:
    make_workflow("=cmd()|'x'", description="a, b\nc")
    expected = ["workflow.create"]
    for answer in (
        client.get("/api/v1/audit?format=csv&kind=workflow"),
        client.get("/api/v1/audit?kind=workflow", headers={"Accept": "text/csv"}),
    ):
        assert answer.headers["content-type"].startswith("text/csv")
        table = list(csv.DictReader(io.StringIO(answer.text)))
        assert [row["action"] for row in table] == expected
        assert table[0]["who"] == WHO
        assert table[0]["name"] == "'=cmd()|'x'"  # no spreadsheet computes it
        assert json.loads(table[0]["after"])["description"] == "a, b\nc"
        assert table[0]["before"] == ""


def test_a_table_holds_more_than_a_page(client: TestClient, database: Database) -> None:
    names = [f"w{number}" for number in range(250)]
    with database.writing() as session:
        for name in names:
            record(session, "workflow.create", kind="workflow", id=name, name=name)
    answer = client.get("/api/v1/audit?format=csv&action=workflow.create&order_by=created_at")
    assert [row["name"] for row in csv.DictReader(io.StringIO(answer.text))] == names


def test_no_call_changes_the_record(client: TestClient) -> None:
    for method in ("post", "put", "patch", "delete"):
        assert getattr(client, method)("/api/v1/audit").status_code == 405
