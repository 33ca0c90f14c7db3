"""Tasks that fail, retry, run out of time or are cancelled behave as Airflow users expect."""

from __future__ import annotations

import uuid

from pilot import processes_with, until


def inline(name, source, **fields):
    return {"name": name, "python_callable": source, **fields}


def test_a_failure_shows_the_users_frames_and_stops_what_follows(pilot, repository):
    commit = repository.commit(
        {
            "src/broken.py": "def inner():\n    raise ValueError('no such luck')\n\n"
            "def outer(context, **kwargs):\n    inner()\n"
        }
    )
    workflow = pilot.workflow(
        {"name": "outer", "script_path": "src/broken.py", "function_name": "outer"},
        inline("after", "def after():\n    pass\n", dependencies=["outer"]),
        inline(
            "always",
            "def always():\n    return 'cleaned'\n",
            dependencies=["outer"],
            trigger_rule="all_done",
        ),
        git_repository=repository.url,
    )
    pilot.deploy(workflow)
    run = pilot.run(workflow)
    assert run["state"] == "failed"
    states = pilot.states(run["id"])
    assert states == {"outer": "failed", "after": "upstream_failed", "always": "success"}
    log = pilot.log(run["id"], "outer")
    assert 'src/broken.py", line 2, in inner' in log
    assert "ValueError: no such luck" in log
    assert commit in log
    assert "entrypoint.py" not in log
    assert "keeper.py" not in log


def test_retries_use_their_count_and_delay(pilot):
    source = (
        "def flaky(context, **kwargs):\n"
        "    if context['ti'].try_number < 3:\n"
        "        raise RuntimeError(f'try {context[\"try_number\"]}')\n"
        "    return context['try_number']\n"
    )
    workflow = pilot.workflow(inline("flaky", source, retry_count=2, retry_delay=1))
    pilot.deploy(workflow)
    run = pilot.succeed(workflow)
    assert pilot.value(run, "flaky") == 3
    first = pilot.client.logs(run, "flaky")
    assert first["try_number"] == 3


def test_a_time_out_in_the_middle_of_a_question_ends_the_task(pilot):
    source = (
        "def slow(context, **kwargs):\n"
        "    while True:\n"
        "        context['ti'].xcom_pull(task_ids='first')\n"
    )
    workflow = pilot.workflow(
        inline("first", "def first():\n    return {'x': [1, 2, 3]}\n"),
        inline("slow", source, dependencies=["first"], timeout=2),
        inline(
            "after",
            "def after(context):\n    return context['ti'].xcom_pull(task_ids='first')\n",
            dependencies=["slow"],
            trigger_rule="all_done",
        ),
    )
    pilot.deploy(workflow)
    run = pilot.run(workflow)
    assert pilot.states(run["id"]) == {"first": "success", "slow": "failed", "after": "success"}
    assert "2 s" in pilot.log(run["id"], "slow")
    assert pilot.value(run["id"], "after") == {"x": [1, 2, 3]}


def test_a_cancelled_task_leaves_no_process_daemons_included(pilot):
    marker = f"marker-{uuid.uuid4().hex}"
    source = f"""\
def daemons():
    import os, subprocess, sys, time
    sleeper = [sys.executable, "-c", "import time; time.sleep(600)", "{marker}"]
    subprocess.Popen(sleeper)
    subprocess.Popen(sleeper, start_new_session=True)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execv(sys.executable, sleeper)
        os._exit(0)
    print("started", flush=True)
    time.sleep(600)
"""
    workflow = pilot.workflow(inline("daemons", source))
    pilot.deploy(workflow)
    run = pilot.client.trigger(workflow)["id"]
    until(lambda: "started" in pilot.log(run, "daemons"), "the daemons were started")
    assert len(processes_with(marker)) >= 3
    pilot.client.cancel_run(run)
    assert pilot.end_of(run)["state"] == "canceled"
    until(lambda: not processes_with(marker), "no process is left")


def test_a_task_that_ends_well_leaves_no_process(pilot):
    marker = f"marker-{uuid.uuid4().hex}"
    source = f"""\
def leaves():
    import subprocess, sys
    sleeper = [sys.executable, "-c", "import time; time.sleep(600)", "{marker}"]
    subprocess.Popen(sleeper, start_new_session=True)
    return "done"
"""
    workflow = pilot.workflow(inline("leaves", source))
    pilot.deploy(workflow)
    run = pilot.succeed(workflow)
    assert pilot.value(run, "leaves") == "done"
    assert not processes_with(marker)


def test_what_may_mend_is_tried_again_without_retries(pilot, stack):
    """`Unavailable` in a worker: the snapshot's layer is missing for a while."""
    workflow = pilot.workflow(inline("wait", "def wait():\n    return 'mended'\n"))
    release = pilot.deploy(workflow)
    sealed = stack.home / "storage" / "locks" / f"{release['lock']}.txt"
    environment = stack.home / "cache" / "environments" / release["lock"]
    moved = [(path, path.with_name(path.name + ".away")) for path in (sealed, environment)]
    for path, away in moved:
        path.rename(away)
    try:
        run = pilot.client.trigger(workflow)["id"]
        pilot.wait_for_state(run, "wait", "up_for_reschedule")
    finally:
        for path, away in moved:
            away.rename(path)
    assert pilot.end_of(run)["state"] == "success", pilot.story(run)
    assert pilot.value(run, "wait") == "mended"


def test_output_arrives_while_the_task_runs(pilot, gate):
    source = gate.source() + (
        "\ndef talk():\n    print('first line')\n    wait()\n    print('last line')\n"
    )
    workflow = pilot.workflow(inline("talk", source))
    pilot.deploy(workflow)
    run = pilot.client.trigger(workflow)["id"]
    gate.wait_until_reached()
    until(lambda: "first line" in pilot.log(run, "talk"), "the first line is in the log")
    assert "last line" not in pilot.log(run, "talk")
    gate.open()
    assert pilot.end_of(run)["state"] == "success"
    assert "last line" in pilot.log(run, "talk")
