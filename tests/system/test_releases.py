"""Runs keep their release: the traps of a redeploy, sprung on the real Airflow."""

from __future__ import annotations

import time

import httpx
from pilot import until


def inline(name, source, **fields):
    return {"name": name, "python_callable": source, **fields}


def constant(name, value, **fields):
    return inline(name, f"def {name}():\n    return {value!r}\n", **fields)


def test_a_redeploy_in_the_middle_of_a_run_changes_nothing_in_it(pilot, repository, gate):
    first_commit = repository.commit(
        {
            "a.py": gate.source("first"),
            "b.py": "def second(p=0):\n    return ['old', p]\n",
        }
    )
    workflow = pilot.workflow(
        {"name": "first", "script_path": "a.py", "function_name": "first"},
        {
            "name": "second",
            "script_path": "b.py",
            "function_name": "second",
            "dependencies": ["first"],
            "params": {"p": 1},
        },
        git_repository=repository.url,
    )
    pilot.deploy(workflow)
    run = pilot.client.trigger(workflow)["id"]
    gate.wait_until_reached()

    second_commit = repository.commit({"b.py": "def second(p=0):\n    return ['new', p]\n"})
    tasks = {task["name"]: task for task in pilot.client.tasks(workflow)}
    pilot.client.update_task(tasks["second"]["id"], params={"p": 2})
    pilot.client.create_task(
        workflow_id=workflow, **constant("third", "third", dependencies=["second"])
    )
    release = pilot.deploy(workflow)
    assert release["number"] == 2
    assert release["git_commit_sha"] == second_commit

    gate.open()
    ended = pilot.end_of(run)
    assert ended["state"] == "success"
    assert (ended["release"], ended["commit"]) == (1, first_commit)
    assert pilot.value(run, "second") == ["old", 1]
    assert set(pilot.states(run)) == {"first", "second"}

    after = pilot.succeed(workflow)
    assert pilot.value(after, "second") == ["new", 2]
    assert pilot.value(after, "third") == "third"
    assert pilot.client.run(after)["release"] == 2


def test_deploys_in_quick_succession_end_with_the_last_one(pilot):
    """The next version is published while Airflow still parses the last one."""
    workflow = pilot.workflow(constant("task", 0))
    pilot.deploy(workflow)
    (task,) = pilot.client.tasks(workflow)
    for number in range(1, 6):
        pilot.client.update_task(task["id"], python_callable=f"def task():\n    return {number}\n")
        last = pilot.client.deploy(workflow, wait=0 if number < 5 else 90)
    assert last["state"] == "ready"
    run = pilot.succeed(workflow)
    assert pilot.value(run, "task") == 5
    assert pilot.client.run(run)["release"] == last["number"]
    assert all(r["state"] == "ready" for r in pilot.client.releases(workflow))


def test_a_return_to_older_content_is_seen(pilot):
    workflow = pilot.workflow(constant("task", "a"))
    (task,) = pilot.client.tasks(workflow)
    for value in ("a", "b", "a"):
        pilot.client.update_task(task["id"], python_callable=f"def task():\n    return {value!r}\n")
        pilot.deploy(workflow)
        run = pilot.succeed(workflow)
        assert pilot.value(run, "task") == value
    first, _, third = sorted(pilot.client.releases(workflow), key=lambda r: r["number"])
    assert first["digest"] == third["digest"]
    assert first["generation"] < third["generation"]


def test_old_versions_that_airflow_cleaned_up_can_still_run(pilot, stack, gate):
    """The stack cleans up stale versions every five seconds, whatever else happens."""
    workflow = pilot.workflow(
        inline("hold", gate.source("hold")),
        constant("after", "old", dependencies=["hold"]),
    )
    generation = pilot.deploy(workflow)["generation"]
    run = pilot.client.trigger(workflow)["id"]
    gate.wait_until_reached()
    tasks = {task["name"]: task for task in pilot.client.tasks(workflow)}
    for value in ("newer", "newest"):
        pilot.client.update_task(
            tasks["after"]["id"], python_callable=f"def after():\n    return {value!r}\n"
        )
        pilot.deploy(workflow)
    versions = stack.home / "airflow" / "bundles" / "taxiway" / "versions"
    other = pilot.workflow(constant("task", 1))
    pilot.deploy(other)
    gate.open()
    assert pilot.end_of(run)["state"] == "success"
    assert pilot.value(run, "after") == "old"
    pilot.succeed(other)  # uses a newer version: the old one is now neither new nor in use
    until(
        lambda: not (versions / str(generation)).exists(),
        "Airflow cleaned the old version up",
        seconds=90,
    )
    _clear(stack, pilot.client.workflow(workflow)["dag_id"], pilot.client.run(run), "after")
    until(lambda: _tries(pilot, run)["after"] == (2, "success"), "the task ran a second time")
    assert pilot.end_of(run)["state"] == "success"
    assert pilot.value(run, "after") == "old"
    for _ in range(3):  # the scheduler lives
        pilot.succeed(other)


def _tries(pilot, run):
    return {t["task"]: (t["try_number"], t["state"]) for t in pilot.client.run_tasks(run)}


def _clear(stack, dag_id, run, task):
    answer = httpx.post(
        f"{stack.airflow_url}/api/v2/dags/{dag_id}/clearTaskInstances",
        headers={"Authorization": f"Bearer {stack.airflow_token()}"},
        json={
            "dry_run": False,
            "dag_run_id": run["airflow_run_id"],
            "task_ids": [task],
            "only_failed": False,
            "reset_dag_runs": True,
        },
        timeout=60,
    )
    answer.raise_for_status()


def test_a_workflow_made_inactive_during_a_run_lets_it_finish(pilot, gate, stack):
    workflow = pilot.workflow(
        inline("hold", gate.source("hold")),
        constant("after", 1, dependencies=["hold"]),
        schedule="0 0 1 1 *",
    )
    pilot.deploy(workflow)
    run = pilot.client.trigger(workflow)["id"]
    gate.wait_until_reached()
    pilot.client.update_workflow(workflow, is_active=False)
    dag_id = pilot.client.workflow(workflow)["dag_id"]
    until(lambda: _dag(stack, dag_id)["timetable_summary"] is None, "the schedule is cleared")
    gate.open()
    assert pilot.end_of(run)["state"] == "success"
    pilot.succeed(workflow)
    pilot.client.update_workflow(workflow, is_active=True)
    until(lambda: _dag(stack, dag_id)["timetable_summary"], "the schedule is back")


def test_a_workflow_deleted_during_a_run_is_cancelled_first(pilot, gate, stack):
    workflow = pilot.workflow(inline("hold", gate.source("hold")), name="to_be_deleted")
    pilot.deploy(workflow)
    run = pilot.client.trigger(workflow)["id"]
    gate.wait_until_reached()
    refused = httpx.delete(f"{stack.server_url}/api/v1/workflows/{workflow}", timeout=60)
    assert refused.status_code == 409
    assert run in refused.text
    pilot.client.delete_workflow(workflow, cancel=True)
    assert pilot.client.run(run)["state"] == "canceled"
    assert _dag(stack, "to_be_deleted") is None
    again = pilot.workflow(constant("task", "again"), name="to_be_deleted")
    pilot.deploy(again)
    assert pilot.value(pilot.succeed(again), "task") == "again"


def test_a_schedule_set_later_starts_no_run_for_the_past(pilot, stack):
    workflow = pilot.workflow(constant("task", 1))
    pilot.deploy(workflow)
    pilot.client.update_workflow(workflow, schedule="*/5 * * * *")
    pilot.deploy(workflow)
    dag_id = pilot.client.workflow(workflow)["dag_id"]
    dag = until(lambda: _scheduled(stack, dag_id), "Airflow has planned the next run")
    assert dag["next_dagrun_run_after"] > time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
    assert list(pilot.client.runs(workflow)) == []


def _scheduled(stack, dag_id):
    dag = _dag(stack, dag_id)
    return dag if dag and dag["next_dagrun_run_after"] else None


def _dag(stack, dag_id):
    answer = httpx.get(
        f"{stack.airflow_url}/api/v2/dags/{dag_id}",
        headers={"Authorization": f"Bearer {stack.airflow_token()}"},
        timeout=60,
    )
    return None if answer.status_code == 404 else answer.raise_for_status().json()
