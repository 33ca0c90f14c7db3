"""Fill a database with workflows, tasks, releases and runs, as many as a list has to hold.

Rows go in by the thousand, without the service: a million runs take a minute or two.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Connection, insert, text

from taxiway.release.model import Release
from taxiway.server.database import ReleaseRow, RunRow, TaskRow, WorkflowRow, upgrade
from taxiway.server.database.engine import as_writer, make_engine
from taxiway.workflow.models import Task, Workflow

BATCH = 5_000
START = datetime(2026, 1, 1, tzinfo=UTC)
DIGEST = "0" * 64
KINDS = ("workflow", "release", "task", "run")
REPOSITORIES = 100
STATES = ("success",) * 17 + ("failed", "failed", "canceled")
TRIGGERS = ("schedule",) * 4 + ("manual",)

Row = dict[str, Any]


def seed(database_url: str, workflows: int, tasks: int, runs: int) -> None:
    """Bring the schema up and add that many rows, spread evenly; each workflow has a release."""
    upgrade(database_url)
    engine = make_engine(database_url)
    try:
        with as_writer(engine).begin() as connection:
            _fill(connection, WorkflowRow, map(_workflow, range(workflows)))
            releases = (_release(n, workflows, tasks) for n in range(workflows))
            _fill(connection, ReleaseRow, releases)
            _fill(connection, TaskRow, (_task(n, workflows) for n in range(tasks)))
            _fill(connection, RunRow, (_run(n, workflows) for n in range(runs)))
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))
    finally:
        engine.dispose()


def identity(kind: str, number: int) -> str:
    """The id of the row with this number: the same in every database."""
    return str(uuid.UUID(int=(KINDS.index(kind) << 96) + number, version=4))


def _fill(connection: Connection, table: type[Any], rows: Iterator[Row]) -> None:
    while batch := list(islice(rows, BATCH)):
        connection.execute(insert(table), batch)


def _workflow(number: int) -> Row:
    moment = START + timedelta(seconds=number)
    return {
        **_declared(number),
        "id": identity("workflow", number),
        "is_active": number % 10 != 0,
        "held": number % 50 == 0,
        "git_commit_sha": f"{number:040x}",
        "current_release_id": identity("release", number),
        "edited_at": moment,
        "created_at": moment,
        "updated_at": moment,
    }


def _declared(number: int) -> Row:
    return {
        "name": f"workflow {number:06}",
        "dag_id": f"workflow_{number:06}",
        "schedule": "@daily" if number % 2 else None,
        "git_repository": f"https://git.example.org/team/{number % REPOSITORIES}.git",
    }


def _node(place: int) -> Row:
    """What is declared of the task that stands at this place in its workflow."""
    return {
        "name": f"task_{place:03}",
        "script_path": "src/train.py",
        "function_name": "train_model",
        "params": {"epochs": place},
    }


def _task(number: int, workflows: int) -> Row:
    moment = START + timedelta(seconds=number)
    return {
        **_node(number // workflows),
        "id": identity("task", number),
        "workflow_id": identity("workflow", number % workflows),
        "dependencies": [],
        "created_at": moment,
        "updated_at": moment,
    }


def _release(number: int, workflows: int, tasks: int) -> Row:
    places = range(-(-(tasks - number) // workflows))
    workflow = Workflow(**_declared(number), tasks=tuple(Task(**_node(n)) for n in places))
    workflow_id = identity("workflow", number)
    release = Release(workflow_id, workflow, f"{number:040x}", "1" * 40, DIGEST, "3.11")
    return {
        "id": identity("release", number),
        "workflow_id": workflow_id,
        "number": 1,
        "state": "ready",
        "digest": release.digest,
        "commit": release.commit,
        "tree": release.tree,
        "lock": release.lock,
        "sealed": release.to_bytes().decode(),
        "declared_at": None if number % 10 == 0 else START + timedelta(seconds=number),
        "created_at": START,
        "ready_at": START,
    }


def _run(number: int, workflows: int) -> Row:
    moment = START + timedelta(seconds=number)
    workflow = number % workflows
    return {
        "id": identity("run", number),
        "workflow_id": identity("workflow", workflow),
        "workflow_name": f"workflow {workflow:06}",
        "dag_id": f"workflow_{workflow:06}",
        "airflow_run_id": f"taxiway__{number}",
        "release_id": identity("release", workflow),
        "state": STATES[number // workflows * 7 % len(STATES)],
        "trigger": TRIGGERS[number % len(TRIGGERS)],
        "created_at": moment,
        "started_at": moment + timedelta(seconds=1),
        "ended_at": moment + timedelta(seconds=60),
    }
