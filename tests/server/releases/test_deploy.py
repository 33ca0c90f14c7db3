"""Deploying through the HTTP door: what is answered, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from taxiway.server.database import ReleaseRow, WorkflowRow, upgrade
from taxiway.server.database.engine import as_writer, make_engine

pytestmark = pytest.mark.integration

TRAIN = "def train_model(context, epochs=1, **kwargs):\n    return epochs\n"


def git_workflow(live: Any, files: dict[str, str] | None = None, **fields: Any) -> Any:
    origin = live.repository(files or {"src/train.py": TRAIN})
    made = live.workflow(git_repository=origin.url, **fields)
    live.task(made, "train_model", script_path="src/train.py", function_name="train_model")
    return origin, made


def refused(live: Any, workflow: Any, status: int, code: str) -> Any:
    body = live.deploy(workflow, status=status)
    assert body["code"] == code, body
    assert body["hint"]
    assert body["status"] == status
    return body


def test_a_deploy_takes_the_head_of_the_branch_and_writes_it_back(any_live: Any) -> None:
    live = any_live
    origin, made = git_workflow(live)
    head = origin.git("rev-parse", "HEAD")
    release = live.deploy(made)
    assert (release["number"], release["state"], release["is_current"]) == (1, "ready", True)
    assert release["git_commit_sha"] == release["commit"] == head
    assert release["tree"] == origin.git("rev-parse", "HEAD^{tree}")
    after = live.get(f"/workflows/{made['id']}")
    assert (after["git_commit_sha"], after["git_update_policy"]) == (head, "on_deploy")
    assert (after["current_release"], after["undeployed_changes"]) == (1, [])
    second = origin.commit({"src/train.py": TRAIN + "# more\n"})
    release = live.deploy(made)
    assert (release["number"], release["commit"]) == (2, second)
    listed = live.get(f"/workflows/{made['id']}/releases")
    assert [(r["number"], r["is_current"]) for r in listed["items"]] == [(2, True), (1, False)]
    assert listed["total"] == 2
    page = live.get(f"/workflows/{made['id']}/releases?limit=1")
    rest = live.get(f"/workflows/{made['id']}/releases?limit=1&cursor={page['next_cursor']}")
    assert [r["number"] for r in (*page["items"], *rest["items"])] == [2, 1]
    assert rest["next_cursor"] is None
    assert live.get(f"/workflows/{made['id']}/releases/1")["state"] == "ready"
    assert live.get(f"/workflows/{made['id']}/releases/3", 404)["code"] == "release-not-found"
    dag = live.client.get(f"/api/v1/workflows/{made['id']}/releases/2/dag")
    assert dag.headers["content-type"].startswith("text/plain")
    assert dag.text == live.dag_of(made)
    assert second in dag.text
    assert origin.url in dag.text


def test_a_pinned_commit_is_deployed_until_null_goes_back_to_the_branch(live: Any) -> None:
    origin, made = git_workflow(live)
    first = origin.git("rev-parse", "HEAD")
    second = origin.commit({"src/train.py": TRAIN + "# 2\n"})
    assert live.patch(made, git_commit_sha=first)["git_update_policy"] == "pinned"
    assert live.deploy(made)["commit"] == first
    kept = live.get(f"/workflows/{made['id']}")
    assert (kept["git_commit_sha"], kept["git_update_policy"]) == (first, "pinned")
    assert live.patch(made, git_commit_sha=None)["git_update_policy"] == "on_deploy"
    assert live.deploy(made)["commit"] == second


def test_a_pinned_commit_that_is_not_on_the_branch_is_refused(live: Any) -> None:
    origin, made = git_workflow(live)
    origin.git("switch", "-q", "-c", "aside")
    stray = origin.commit({"src/train.py": TRAIN + "# aside\n"})
    live.patch(made, git_commit_sha=stray)
    body = refused(live, made, 422, "commit-not-on-branch")
    assert stray in body["detail"]


def test_past_the_wait_the_answer_is_202_and_the_release_tells_its_state(
    live: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taxiway.server.runs.control_routes.ARRIVAL_SECONDS", 0.1)
    live.orchestrator.blind = True
    made = live.inline()
    answer = live.client.post(f"/api/v1/workflows/{made['id']}/deploy?wait=0")
    assert answer.status_code == 202
    place = answer.headers["location"]
    assert place == f"/api/v1/workflows/{made['id']}/releases/1"
    live.eventually(lambda: live.client.get(place).json()["state"] == "publishing")
    body = live.client.post(f"/api/v1/workflows/{made['id']}/runs")
    assert live.client.get(place).json()["state"] == "publishing"
    live.orchestrator.blind = False
    live.eventually(lambda: live.client.get(place).json()["state"] == "ready")
    assert body.status_code == 503
    assert body.json()["code"] == "release-not-ready"


REFUSED_CODE = [
    ("src/gone.py", "f", "script-not-found", "src/gone.py"),
    ("src/train.py", "gone", "function-not-found", "train_model"),
    ("src/broken.py", "f", "script-not-python", "line 2"),
    ("link.py", "f", "path-is-link", "link.py"),
]


@pytest.mark.parametrize(("path", "function", "code", "says"), REFUSED_CODE)
def test_code_that_cannot_run_is_refused_by_name(
    live: Any, path: str, function: str, code: str, says: str
) -> None:
    files = {"src/train.py": TRAIN, "src/broken.py": "x = 1\ndef f(:\n"}
    origin = live.repository(files)
    (origin.path / "link.py").symlink_to("src/train.py")
    origin.commit({})
    made = live.workflow(git_repository=origin.url)
    live.task(made, "one", script_path=path, function_name=function)
    body = refused(live, made, 422, code)
    assert says in body["detail"] + body["hint"]
    assert body["errors"][0]["pointer"].startswith("/tasks/one/")
    failed = live.get(f"/workflows/{made['id']}/releases/1")
    assert (failed["state"], failed["error"]["code"]) == ("failed", code)
    assert body["release"] == 1
    assert live.get(f"/workflows/{made['id']}/releases/1/dag", 404)["code"] == "dag-not-made"


def test_all_problems_of_code_and_requirements_are_told_at_once(live: Any) -> None:
    files = {
        "a.py": "def f(x): ...\n",
        "requirements.txt": "-i https://evil.example/simple\nnumpy @ file:///etc/passwd\n",
    }
    origin = live.repository(files)
    made = live.workflow(git_repository=origin.url)
    live.task(made, "one", script_path="a.py", function_name="f", params={"y": 1})
    live.task(made, "two", script_path="gone.py", function_name="f")
    live.task(made, "three", python_callable="a = 1")
    body = refused(live, made, 422, "deploy-check-failed")
    codes = [error["code"] for error in body["errors"]]
    assert codes[:3] == ["param-not-taken", "script-not-found", "inline-not-one-function"]
    assert [error["field"] for error in body["errors"][3:]] == [
        "requirements.txt:1",
        "requirements.txt:2",
    ]


def test_requirements_are_refused_by_line(live: Any) -> None:
    made = live.inline(requirements="numpy\n--index-url https://evil.example/simple\n")
    body = refused(live, made, 422, "requirements-refused")
    assert body["errors"][0]["field"] == "requirements:2"


def test_what_needs_no_network_is_refused_before_a_number_is_given_out(live: Any) -> None:
    empty = live.workflow("empty")
    refused(live, empty, 422, "workflow-has-no-tasks")
    token = live.inline("token")
    lost = live.workflow("lost")
    live.task(lost, "train", script_path="a.py", function_name="f")
    assert "train" in refused(live, lost, 422, "repository-missing")["detail"]
    for made in (empty, lost):
        assert live.get(f"/workflows/{made['id']}/releases")["total"] == 0
    assert live.deploy(token)["number"] == 1
    assert live.client.post("/api/v1/workflows/none/deploy").status_code == 404


def test_a_branch_that_is_missing_and_a_repository_that_is_not_allowed(
    live: Any, tmp_path: Any
) -> None:
    _, made = git_workflow(live, git_branch="gone")
    assert "gone" in refused(live, made, 404, "branch-not-found")["detail"]
    assert live.patch(made, git_repository=f"file://{tmp_path}/elsewhere")
    body = live.deploy(made, status=403)
    assert "TAXIWAY_GIT_ALLOW_LOCAL" in body["hint"] + body["detail"]
    live.patch(made, git_repository="git@host:x")
    assert live.deploy(made, status=403)["code"] == "repository-needs-credentials"


def test_a_refused_deploy_changes_nothing_of_what_runs(live: Any) -> None:
    origin, made = git_workflow(live)
    live.deploy(made)
    before = live.dag_of(made)
    origin.commit({"src/train.py": "def other(): ...\n"})
    refused(live, made, 422, "function-not-found")
    assert live.dag_of(made) == before
    workflow = live.get(f"/workflows/{made['id']}")
    assert workflow["current_release"] == 1
    run = live.trigger(made)
    assert run["release"] == 1
    origin.commit({"src/train.py": TRAIN})
    assert live.deploy(made)["number"] == 3


def test_an_identical_redeploy_has_equal_bytes_and_returning_makes_a_new_generation(
    live: Any,
) -> None:
    _, made = git_workflow(live)
    first = live.deploy(made)
    text = live.dag_of(made)
    again = live.deploy(made)
    assert again["number"] == 2
    assert (again["digest"], again["generation"]) == (first["digest"], first["generation"])
    assert live.dag_of(made) == text
    assert again["state"] == "ready"
    live.patch(made, git_commit_sha=None)
    task = live.get(f"/tasks?workflow_id={made['id']}")["items"][0]
    live.client.patch(f"/api/v1/tasks/{task['id']}", json={"params": {"epochs": 2}})
    other = live.deploy(made)
    assert other["generation"] > first["generation"]
    live.client.patch(f"/api/v1/tasks/{task['id']}", json={"params": {}})
    back = live.deploy(made)
    assert back["digest"] == first["digest"]
    assert back["generation"] > other["generation"]
    assert live.dag_of(made) == text


def test_an_identical_release_overtaking_one_leaves_none_behind(live: Any) -> None:
    live.orchestrator.blind = True
    made = live.inline()
    live.deploy(made, status=202, wait=0)
    path = f"/workflows/{made['id']}/releases"
    live.eventually(lambda: live.get(f"{path}/1")["state"] == "publishing")
    live.deploy(made, status=202, wait=0)
    live.eventually(lambda: live.get(f"{path}/2")["state"] == "publishing")
    live.orchestrator.blind = False
    states = [("ready", 2), ("ready", 1)]
    live.eventually(lambda: [(r["state"], r["number"]) for r in live.get(path)["items"]] == states)


def test_deploys_at_once_of_one_workflow_serialise_and_the_later_number_wins(
    any_live: Any,
) -> None:
    live = any_live
    _, made = git_workflow(live)
    task = live.get(f"/tasks?workflow_id={made['id']}")["items"][0]

    def change(epochs: int) -> Any:
        path = f"/api/v1/tasks/{task['id']}"
        live.client.patch(path, json={"params": {"epochs": epochs}})
        return live.deploy(made)

    with ThreadPoolExecutor(6) as pool:
        released = list(pool.map(change, range(6)))
    assert sorted(r["number"] for r in released) == [1, 2, 3, 4, 5, 6]
    assert {r["state"] for r in released} == {"ready"}
    generations = [r["generation"] for r in sorted(released, key=lambda r: r["number"])]
    assert generations == sorted(generations)
    last = max(released, key=lambda r: r["number"])
    assert live.get(f"/workflows/{made['id']}")["current_release"] == 6
    assert last["digest"] in live.dag_of(made)


def test_a_deploy_that_was_killed_goes_on_at_the_next_start(
    start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = start()
    made = killed.inline()
    # What kill -9 leaves: the order is in the database, and nobody works on it.
    monkeypatch.setattr(killed.machinery.deployer, "submit", lambda workflow_id: None)
    killed.deploy(made, status=202, wait=0)
    killed.machinery.deployer.stop()
    second = start()
    path = f"/workflows/{made['id']}/releases/1"
    second.eventually(lambda: second.get(path)["state"] == "ready")


def test_two_servers_publish_a_release_once(start: Callable[..., Any]) -> None:
    one, two = start(), start()
    made = one.inline()
    with ThreadPoolExecutor(4) as pool:
        released = list(pool.map(lambda live: live.deploy(made), [one, two, one, two]))
    assert sorted(r["number"] for r in released) == [1, 2, 3, 4]
    assert {r["generation"] for r in released} == {1}


def test_a_fault_of_ours_fails_the_release_and_says_so(
    live: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = live.inline()

    def broken(*given: Any, **named: Any) -> None:
        raise KeyError("secret detail")

    with monkeypatch.context() as patch:
        patch.setattr("taxiway.server.releases.prepare.settle_all", broken)
        body = live.deploy(made, status=500)
    assert body["code"] == "internal-error"
    assert "secret" not in str(body)
    assert live.deploy(made)["number"] == 2


def test_a_held_workflow_is_not_deployed(live: Any) -> None:
    made = live.inline()
    with live.database.writing() as session:
        session.get_one(WorkflowRow, made["id"]).held = True
    refused(live, made, 409, "workflow-held")


def test_a_dag_that_airflow_cannot_import_fails_the_release_and_the_earlier_one_is_shown(
    live: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taxiway.server.publishing.reconciler.IMPORT_ERROR_SECONDS", 0.3)
    made = live.inline()
    live.deploy(made)
    good = live.dag_of(made)
    task = live.get(f"/tasks?workflow_id={made['id']}")["items"][0]
    live.client.patch(f"/api/v1/tasks/{task['id']}", json={"params": {"x": 1}})
    shown = live.orchestrator.dag(made["dag_id"])
    live.orchestrator.import_errors[made["dag_id"]] = "SyntaxError: invalid"
    live.orchestrator._dags[made["dag_id"]] = type(shown)(
        **{**vars(shown), "has_import_errors": True}
    )
    body = live.deploy(made, status=500)
    assert body["code"] == "dag-import-failed"
    del live.orchestrator.import_errors[made["dag_id"]]
    live.eventually(lambda: live.dag_of(made) == good)
    assert live.get(f"/workflows/{made['id']}")["current_release"] == 1
    assert live.trigger(made)["release"] == 1


def test_a_first_dag_that_airflow_cannot_import_is_taken_out_again(
    live: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taxiway.server.publishing.reconciler.IMPORT_ERROR_SECONDS", 0.3)
    made = live.inline()
    live.orchestrator.import_errors[made["dag_id"]] = "SyntaxError: invalid"
    live.deploy(made, status=500)
    live.eventually(lambda: live.dag_of(made) is None)
    assert live.post(f"/workflows/{made['id']}/runs", status=409)["code"] == "workflow-not-deployed"
    live.orchestrator.import_errors.clear()
    assert live.deploy(made)["state"] == "ready"
    assert live.client.delete(f"/api/v1/workflows/{made['id']}").status_code == 204


def start_of(live: Any, workflow: Any) -> datetime | None:
    text = live.dag_of(workflow)
    assert text is not None
    line = next(line for line in text.splitlines() if '"schedule_from"' in line)
    value = line.partition(": ")[2].strip(" ,").strip('"')
    return None if value == "null" else datetime.fromisoformat(value)


def test_a_schedule_starts_at_the_first_deploy_and_is_never_in_the_past(live: Any) -> None:
    made = live.inline(schedule="@daily")
    with live.database.writing() as session:
        row = session.get_one(WorkflowRow, made["id"])
        row.created_at = row.schedule_from = datetime.now(UTC) - timedelta(days=90)
    before = datetime.now(UTC).replace(microsecond=0)
    live.deploy(made)
    first = start_of(live, made)
    assert first is not None
    assert first > before
    text = live.dag_of(made)
    live.deploy(made)
    assert live.dag_of(made) == text
    with live.database.writing() as session:  # months later
        session.get_one(WorkflowRow, made["id"]).schedule_from = first - timedelta(days=90)
    live.patch(made, schedule="@hourly")
    live.deploy(made)
    changed = start_of(live, made)
    assert changed is not None
    assert changed >= first


def test_only_catchup_asks_for_the_past(live: Any) -> None:
    made = live.inline(schedule="@daily", catchup=True)
    created = datetime.now(UTC) - timedelta(days=3)
    with live.database.writing() as session:
        session.get_one(WorkflowRow, made["id"]).created_at = created
    live.deploy(made)
    assert start_of(live, made) == created
    live.patch(made, is_active=False)
    live.patch(made, is_active=True)
    assert start_of(live, made) == created


def test_inactive_clears_the_schedule_at_once_and_resuming_renews_it(live: Any) -> None:
    made = live.inline(schedule="@daily")
    release = live.deploy(made)
    first = start_of(live, made)
    with live.database.writing() as session:
        session.get_one(WorkflowRow, made["id"]).schedule_from = datetime(2020, 1, 1, tzinfo=UTC)
    live.patch(made, is_active=False)
    live.eventually(lambda: '"schedule": null' in live.dag_of(made))
    assert start_of(live, made) is None
    live.eventually(lambda: "dag-" in str(live.orchestrator.dag(made["dag_id"])))
    assert live.trigger(made)["release"] == 1
    live.deploy(made)
    assert start_of(live, made) is None
    live.patch(made, is_active=True)
    live.eventually(lambda: '"schedule": "@daily"' in live.dag_of(made))
    resumed = start_of(live, made)
    assert first is not None
    assert resumed is not None
    assert resumed >= first
    state = live.eventually(
        lambda: (
            (s := live.orchestrator.dag(made["dag_id"]))
            and s.generation > release["generation"]
            and s
        )
    )
    assert not state.is_paused


def test_a_change_of_activity_that_was_killed_before_it_was_shown_is_made_up_for(
    start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = start()
    made = killed.inline(schedule="@daily")
    killed.deploy(made)
    killed.machinery.reconciler.stop()
    monkeypatch.setattr(
        "taxiway.server.machinery.Machinery._show_again", lambda machinery, workflow_id: None
    )
    killed.patch(made, is_active=False)
    assert '"schedule": "@daily"' in killed.dag_of(made)
    second = start()
    second.eventually(lambda: '"schedule": null' in second.dag_of(made))


def test_activity_that_is_changed_many_times_at_once_ends_as_it_was_last_said(
    any_live: Any,
) -> None:
    live = any_live
    made = live.inline(schedule="@daily")
    live.deploy(made)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: live.patch(made, is_active=n % 2 == 0), range(12)))
    active = live.get(f"/workflows/{made['id']}")["is_active"]
    wanted = '"schedule": "@daily"' if active else '"schedule": null'
    live.eventually(lambda: wanted in live.dag_of(made))


@pytest.mark.parametrize("slow", ["pausing", "deploying"])
def test_a_workflow_that_is_resumed_meanwhile_has_its_schedule(
    live: Any, monkeypatch: pytest.MonkeyPatch, slow: str
) -> None:
    made = live.inline(schedule="@daily")
    live.deploy(made)
    if slow == "deploying":
        live.patch(made, is_active=False)
    real = live.machinery.current._put_dag

    def overtaken(*given: Any) -> Any:
        monkeypatch.setattr(live.machinery.current, "_put_dag", real)
        dag = real(*given)
        live.patch(made, is_active=True)
        return dag

    monkeypatch.setattr(live.machinery.current, "_put_dag", overtaken)
    begun = datetime.now(UTC).replace(microsecond=0)
    if slow == "deploying":
        live.deploy(made)
    else:
        live.patch(made, is_active=False)
    assert live.get(f"/workflows/{made['id']}")["is_active"] is True
    live.eventually(lambda: '"schedule": "@daily"' in live.dag_of(made))
    resumed = start_of(live, made)
    assert resumed is not None
    assert resumed >= begun


def test_the_commit_is_not_written_over_one_that_was_pinned_meanwhile(
    live: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin, made = git_workflow(live)
    first = origin.git("rev-parse", "HEAD")
    second = origin.commit({"x.py": ""})
    real = live.machinery.current._put_dag

    def slow(*given: Any) -> Any:
        live.patch(made, git_commit_sha=first)
        return real(*given)

    monkeypatch.setattr(live.machinery.current, "_put_dag", slow)
    assert live.deploy(made)["commit"] == second
    workflow = live.get(f"/workflows/{made['id']}")
    assert (workflow["git_commit_sha"], workflow["git_update_policy"]) == (first, "pinned")
    assert workflow["undeployed_changes"] == ["git_commit_sha"]


def test_a_failed_release_is_not_failed_again_by_a_second_server(live: Any) -> None:
    made = live.inline()
    live.deploy(made)
    with live.database.reading() as session:
        [row] = session.query(ReleaseRow).all()
    live.machinery.deployer._fail(row.id, ValueError)  # type: ignore[arg-type]
    assert live.get(f"/workflows/{made['id']}/releases/1")["state"] == "ready"


def test_a_baseline_with_workflows_and_tasks_comes_up_and_is_deployed(
    start: Callable[..., Any], empty_database: str
) -> None:
    upgrade(empty_database, "a1f0c3d2b4e5")
    engine = as_writer(make_engine(empty_database))
    with engine.begin() as connection:
        for statement in BASELINE:
            connection.exec_driver_sql(statement)
    engine.dispose()
    live = start(database_url=empty_database)
    for number in ("w1", "w2"):
        release = live.deploy({"id": number})
        assert (release["number"], release["state"], release["commit"]) == (1, "ready", None)
    first = live.get("/workflows/w1")
    text = live.dag_of(first)
    assert "load >> train" in text
    assert "GIT_REPOSITORY" not in text
    assert start_of(live, first) > datetime.now(UTC) - timedelta(minutes=5)
    assert '"schedule": null' in live.dag_of(live.get("/workflows/w2"))
    assert live.trigger(first)["release"] == 1


BASELINE = (
    """INSERT INTO workflows (id, name, description, schedule, is_active) VALUES
       ('w1', 'my_ml_pipeline', 'old', '@daily', true), ('w2', 'My flow', NULL, '@daily', false)""",
    """INSERT INTO tasks (id, workflow_id, name, python_callable, params, dependencies) VALUES
       ('t1', 'w1', 'load', 'def load(): return 1', NULL, '[]'),
       ('t2', 'w1', 'train', 'def train(epochs): pass', '{"epochs": 3}', '["load"]'),
       ('t3', 'w2', 'only', 'def only(): pass', '{}', 'null')""",
)
