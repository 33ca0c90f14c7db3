"""Workflows through the HTTP door."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from taxiway.release.model import Release
from taxiway.server.database import Database, ReleaseRow, RunRow, WorkflowRow, now
from taxiway.server.workflows.queries import tasks_of
from taxiway.server.workflows.values import workflow_value

pytestmark = pytest.mark.integration

Make = Callable[..., dict[str, Any]]
PATH = "/api/v1/workflows/"
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=60)
SHA, OTHER = "0123456789abcdef0123456789abcdef01234567", "f" * 40


def one(workflow: dict[str, Any]) -> str:
    return PATH + workflow["id"]


def test_the_missions_workflow_is_created_with_every_default(any_client: TestClient) -> None:
    body = {
        "name": "my_ml_pipeline",
        "description": "ML Pipeline from Git",
        "schedule": "@daily",
        "is_active": True,
        "git_repository": "https://github.com/org/ml-repo.git",
        "git_branch": "main",
    }
    answer = any_client.post(PATH, json=body)
    assert answer.status_code == 201
    made = answer.json()
    assert made.items() >= body.items()
    assert {name: made[name] for name in made.keys() - body.keys() - {"id"}} == {
        "dag_id": "my_ml_pipeline",
        "timezone": "UTC",
        "catchup": False,
        "max_active_runs": 1,
        "git_commit_sha": None,
        "git_auth_type": "none",
        "git_credential_id": None,
        "notes": [],
        "git_update_policy": "on_deploy",
        "requirements": None,
        "env": {},
        "secrets": {},
        "warm": None,
        "git_subdirectory": None,
        "dependency_groups": [],
        "held": False,
        "hold": None,
        "push": None,
        "current_release": None,
        "undeployed_changes": ["name", "description", "schedule", "git_repository"],
        "last_run": None,
        "recent_runs": [],
        "next_run": None,
        "behind": None,
        "notify_url": None,
        "created_at": made["created_at"],
        "updated_at": made["updated_at"],
    }
    assert answer.headers["location"] == f"/api/v1/workflows/{made['id']}"
    assert any_client.get(answer.headers["location"]).json() == made
    assert any_client.get(PATH).json() == {"items": [made], "next_cursor": None, "total": 1}
    assert datetime.fromisoformat(made["created_at"]).utcoffset() == timedelta(0)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=TEXT.filter(str.strip), description=TEXT, value=TEXT)
def test_any_unicode_comes_back_as_it_was_sent(
    any_client: TestClient, name: str, description: str, value: str
) -> None:
    body = {"name": name, "description": description, "env": {"VALUE": value}}
    made = any_client.post(PATH, json=body).json()
    try:
        assert any_client.get(one(made)).json().items() >= body.items()
    finally:
        assert any_client.delete(one(made)).status_code == 204


def test_a_name_whose_dag_id_is_taken_is_a_conflict(
    make_workflow: Make, client: TestClient
) -> None:
    make_workflow("My flow")
    answer = client.post(PATH, json={"name": "my_flow"})
    assert (answer.status_code, answer.json()["code"]) == (409, "workflow-name-taken")
    assert "my_flow" in answer.json()["detail"]


def test_renaming_changes_the_name_and_never_the_dag_id(
    make_workflow: Make, client: TestClient
) -> None:
    made = make_workflow("first")
    changed = client.patch(one(made), json={"name": "second"}).json()
    assert (changed["name"], changed["dag_id"]) == ("second", "first")
    assert client.post(PATH, json={"name": "first"}).status_code == 409
    assert client.post(PATH, json={"name": "second"}).status_code == 201


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_an_update_changes_what_is_given_and_nothing_else(
    make_workflow: Make, client: TestClient, method: str
) -> None:
    made = make_workflow(description="old", schedule="@daily", env={"A": "1"})
    changed = client.request(method, one(made) + "/", json={"description": "new"}).json()
    assert changed == made | {
        "description": "new",
        "updated_at": changed["updated_at"],
        "undeployed_changes": changed["undeployed_changes"],
    }
    assert changed["updated_at"] > made["updated_at"]


def test_what_was_got_can_be_put_back(make_workflow: Make, client: TestClient) -> None:
    made = make_workflow(schedule="0 6 * * *", git_commit_sha=SHA)
    again = client.put(one(made), json=client.get(one(made)).json())
    assert again.status_code == 200
    assert again.json() == made


@pytest.mark.parametrize("field", ["id", "dag_id"])
def test_what_never_changes_is_refused_by_name(
    make_workflow: Make, client: TestClient, field: str
) -> None:
    answer = client.put(one(make_workflow()), json={field: "other"})
    assert (answer.status_code, answer.json()["code"]) == (422, "field-read-only")
    assert answer.json()["errors"][0]["field"] == field


def test_unknown_fields_are_refused_by_name(make_workflow: Make, client: TestClient) -> None:
    for answer in (
        client.post(PATH, json={"name": "a", "shedule": "@daily"}),
        client.patch(one(make_workflow()), json={"shedule": "@daily"}),
    ):
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (422, "field-unknown")
        assert "'shedule'" in problem["detail"]
        assert problem["errors"][0]["pointer"] == "/shedule"


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("name", "", "field-length"),
        ("name", "  ", "name-blank"),
        ("name", None, "field-type"),
        ("name", "x" * 256, "field-length"),
        ("schedule", "0 0 * * * *", "schedule-refused"),
        ("timezone", "Mars/Olympus", "timezone-unknown"),
        ("timezone", "../../etc/passwd", "timezone-unknown"),
        ("git_repository", "https://h/" + "x" * 491, "field-length"),
        ("git_branch", "x" * 256, "field-length"),
        ("git_commit_sha", "abc", "commit-refused"),
        ("git_commit_sha", SHA + "\n", "commit-refused"),
        ("git_auth_type", "x" * 51, "field-length"),
        ("git_update_policy", "sometimes", "field-refused"),
        ("max_active_runs", 0, "field-range"),
        ("max_active_runs", "1", "field-type"),
        ("is_active", 1, "field-type"),
        ("catchup", "yes", "field-type"),
        ("env", {"1A": "x"}, "env-name-refused"),
        ("env", {"TAXIWAY_RUN_ID": "x"}, "env-name-refused"),
        ("env", {"A": 1}, "field-type"),
        ("requirements", ["numpy"], "field-type"),
    ],
)
def test_bad_values_are_refused_with_their_place(
    make_workflow: Make, client: TestClient, field: str, value: object, code: str
) -> None:
    made = make_workflow()
    for answer in (
        client.post(PATH, json={"name": "other", field: value}),
        client.patch(one(made), json={field: value}),
    ):
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (422, code)
        assert problem["errors"][0]["field"].split(".")[0] == field
    assert client.get(one(made)).json() == made


@pytest.mark.parametrize(
    "address",
    [
        "https://user:s3cret@host/x.git",
        "https://s3cret@host/x.git",
        "HTTPS:\\\\user:s3cret@host/x.git",
        " https://user:s3cret@host/x.git",
        "ssh://git:s3cret@host/x.git",
        "git:s3cret@host:x.git",
    ],
)
def test_an_address_with_credentials_is_refused_and_not_repeated(
    client: TestClient, address: str
) -> None:
    answer = client.post(PATH, json={"name": "a", "git_repository": address})
    assert answer.json()["code"] == "git-repository-has-credentials"
    assert "s3cret" not in answer.text
    assert client.get(PATH).json()["total"] == 0


@pytest.mark.parametrize("address", ["ssh://git@host/x.git", "/srv/repos/x", "file:///srv/x", "?"])
def test_other_addresses_are_stored_without_a_look_at_them(
    make_workflow: Make, address: str
) -> None:
    assert make_workflow(git_repository=address)["git_repository"] == address


def test_an_ssh_address_has_one_form(make_workflow: Make) -> None:
    made = make_workflow(git_repository="git@host:org/x.git")
    assert made["git_repository"] == "ssh://git@host/org/x.git"


def test_null_and_the_empty_text_mean_the_default(make_workflow: Make, client: TestClient) -> None:
    for nothing in (None, ""):
        fields = ("schedule", "timezone", "git_repository", "git_branch", "git_commit_sha")
        fields += ("git_auth_type", "requirements")
        made = make_workflow(f"with {nothing!r}", **dict.fromkeys(fields, nothing))
        assert [made[name] for name in fields] == [None, "UTC", None, "main", None, "none", None]
    assert make_workflow("env", env=None)["env"] == {}


def test_a_new_commit_pins_and_null_unpins(make_workflow: Make, client: TestClient) -> None:
    made = make_workflow(git_commit_sha=SHA.upper())
    assert (made["git_commit_sha"], made["git_update_policy"]) == (SHA, "pinned")
    for body, expected in (
        ({"git_commit_sha": None}, (None, "on_deploy")),
        ({"git_commit_sha": OTHER}, (OTHER, "pinned")),
        ({"git_update_policy": "on_push"}, (OTHER, "on_push")),
        ({"git_commit_sha": OTHER}, (OTHER, "on_push")),
    ):
        changed = client.patch(one(made), json=body).json()
        assert (changed["git_commit_sha"], changed["git_update_policy"]) == expected


def seal(session: Session, workflow_id: str, **values: Any) -> None:
    row = session.scalar(select(WorkflowRow).where(WorkflowRow.id == workflow_id))
    assert row is not None
    tasks = tasks_of(session, [workflow_id])[workflow_id]
    release = Release(workflow_id, workflow_value(row, tasks), None, None, "lock", "3.11")
    sealed = ReleaseRow(
        workflow_id=workflow_id,
        number=7,
        state="ready",
        sealed=release.to_bytes().decode(),
        **values,
    )
    session.add(sealed)
    session.flush()
    row.current_release_id = sealed.id


def test_undeployed_changes_name_what_differs_from_the_current_release(
    make_workflow: Make, make_task: Make, client: TestClient, database: Database
) -> None:
    made = make_workflow(description="old")
    train, old = make_task(made, "train", params={"epochs": 1}), make_task(made, "old")
    with database.writing() as session:
        seal(session, made["id"], commit=SHA)
    now_ = client.get(one(made)).json()
    assert (now_["current_release"], now_["undeployed_changes"]) == (7, [])
    client.patch(one(made), json={"description": "new", "is_active": False})
    client.patch("/api/v1/tasks/" + train["id"], json={"params": {"epochs": 2}})
    client.delete("/api/v1/tasks/" + old["id"])
    make_task(made, "report")
    expected = ["description", "tasks.old", "tasks.report", "tasks.train.params"]
    assert client.get(one(made)).json()["undeployed_changes"] == expected
    assert client.get(PATH).json()["items"][0]["undeployed_changes"] == expected
    client.patch(one(made), json={"git_commit_sha": OTHER})
    assert "git_commit_sha" in client.get(one(made)).json()["undeployed_changes"]


class Recorder:
    """Stands where the publisher and the retirer are put in."""

    def __init__(self) -> None:
        self.heard: list[tuple[object, ...]] = []

    def activity_changed(self, session: Session, workflow: WorkflowRow) -> None:
        self.heard.append(("active", workflow.id, workflow.is_active, workflow.schedule_from))

    def retire(self, workflow: WorkflowRow, *, cancel: bool) -> None:
        self.heard.append(("retire", workflow.id, cancel))


def test_only_activity_is_told_at_once_and_renews_the_schedules_start(
    door: Callable[..., TestClient],
) -> None:
    recorder = Recorder()
    client = door(publisher=recorder)
    made = client.post(PATH, json={"name": "a", "schedule": "@daily"}).json()
    client.patch(one(made), json={"description": "x", "is_active": True})
    assert recorder.heard == []
    client.patch(one(made), json={"is_active": False})
    before = now()
    client.patch(one(made), json={"is_active": True})
    first, second = recorder.heard
    assert first[:3] == ("active", made["id"], False)
    assert second[:3] == ("active", made["id"], True)
    assert isinstance(second[3], datetime) and second[3] >= before > first[3]  # type: ignore[operator]


def start_run(database: Database, workflow: dict[str, Any], state: str) -> str:
    with database.writing() as session:
        run = RunRow(
            workflow_id=workflow["id"],
            workflow_name=workflow["name"],
            dag_id=workflow["dag_id"],
            airflow_run_id=f"manual_{state}",
            state=state,
            started_at=datetime.now(UTC),
        )
        session.add(run)
        session.flush()
        return run.id


@pytest.mark.parametrize("state", ["queued", "running"])
def test_a_workflow_with_running_runs_is_not_deleted_and_they_are_named(
    door: Callable[..., TestClient], state: str
) -> None:
    recorder = Recorder()
    client = door(retirer=recorder)
    made = client.post(PATH, json={"name": "a"}).json()
    database: Database = client.app.state.database  # type: ignore[attr-defined]
    run = start_run(database, made, state)
    refused = client.delete(one(made))
    assert (refused.status_code, refused.json()["code"]) == (409, "workflow-has-runs")
    assert run in refused.json()["detail"] and refused.json()["runs"] == [run]
    assert recorder.heard == []
    assert client.delete(one(made) + "?cancel=true").status_code == 204
    assert recorder.heard == [("retire", made["id"], True)]


def test_a_deleted_workflow_is_gone_its_runs_stay_and_its_name_is_free(
    make_workflow: Make, make_task: Make, client: TestClient, database: Database
) -> None:
    made = make_workflow()
    task = make_task(made, "train")
    run = start_run(database, made, "success")
    assert client.delete(one(made)).status_code == 204
    for path in (one(made), "/api/v1/tasks/" + task["id"]):
        assert client.get(path).status_code == 404
    assert client.get(PATH).json()["total"] == client.get("/api/v1/tasks").json()["total"] == 0
    assert client.delete(one(made)).json()["code"] == "workflow-not-found"
    with database.reading() as session:
        assert session.get(RunRow, run) is not None
    assert make_workflow()["dag_id"] == made["dag_id"]


def test_a_list_is_walked_by_cursor_and_searched(any_client: TestClient) -> None:
    for name in ("b", "a", "c%d", "Cxd", "é"):
        assert any_client.post(PATH, json={"name": name}).status_code == 201
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = any_client.get(PATH, params={"limit": 2, **({"cursor": cursor} if cursor else {})})
        seen += [item["name"] for item in page.json()["items"]]
        assert page.json()["total"] == 5
        cursor = page.json()["next_cursor"]
    assert sorted(seen) == ["Cxd", "a", "b", "c%d", "é"]
    found = any_client.get(PATH, params={"q": "C%"}).json()
    assert [item["name"] for item in found["items"]] == ["c%d"]


@pytest.mark.parametrize("cursor", ["x", "!!!", "W10", "WyJhIiwxXQ", "é"])
def test_a_cursor_that_is_none_of_ours_is_refused(client: TestClient, cursor: str) -> None:
    answer = client.get(PATH, params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (422, "cursor-refused")


@pytest.mark.parametrize("path", [PATH, "/api/v1/tasks/"])
def test_a_list_asks_the_database_equally_often_however_long_it_is(
    make_workflow: Make, make_task: Make, client: TestClient, database: Database, path: str
) -> None:
    asked: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))

    def count() -> int:
        asked.clear()
        assert client.get(path).status_code == 200
        return len([text for text in asked if text.startswith("SELECT")])

    for number in range(2):
        make_task(make_workflow(f"w{number}"), "a")
    few = count()
    for number in range(2, 20):
        workflow = make_workflow(f"w{number}")
        make_task(workflow, "b", dependencies=[make_task(workflow, "a")["name"]])
    assert count() == few <= 5
