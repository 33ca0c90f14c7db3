"""Sessions: whole or not at all, and many writers at once."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from taxiway.errors import Conflict, Invalid
from taxiway.server.database import (
    Database,
    RunRow,
    WorkflowRow,
    after_commit,
    integrity_conflict,
)

pytestmark = pytest.mark.integration

EIGHT_WRITERS = """
import os, sys
from taxiway.server.database import Database, WorkflowRow

def write():
    database = Database(sys.argv[1])
    for number in range(25):
        with database.writing() as session:
            row = session.get(WorkflowRow, "counter", with_for_update=True)
            row.max_active_runs = row.max_active_runs + 1

for number in range(8):
    if os.fork() == 0:
        write()
        os._exit(0)
sys.exit(any(os.wait()[1] for number in range(8)))
"""


@pytest.fixture
def database(made_database: str) -> Iterator[Database]:
    opened = Database(made_database)
    yield opened
    opened.close()


def test_eight_processes_that_write_at_once_are_never_locked_out(
    database: Database, made_database: str
) -> None:
    with database.writing() as session:
        session.add(WorkflowRow(id="counter", name="counter", dag_id="counter", max_active_runs=0))
    command = [sys.executable, "-c", EIGHT_WRITERS, made_database]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (ended.returncode, ended.stderr) == (0, "")
    with database.reading() as session:
        row = session.get(WorkflowRow, "counter")
        assert row is not None and row.max_active_runs == 200


def test_what_a_thread_holds_while_the_database_closes_is_closed_when_it_is_given_back(
    database: Database,
) -> None:
    with database.engine.connect() as connection:
        held = connection.connection.driver_connection
        assert held is not None
        database.close()
        connection.execute(text("SELECT 1"))
    closed = held.closed if hasattr(held, "closed") else _refuses(held)
    assert closed


def _refuses(connection: sqlite3.Connection) -> bool:
    try:
        connection.execute("SELECT 1")
    except sqlite3.ProgrammingError:
        return True
    return False


def test_a_unit_of_work_that_raises_leaves_nothing_and_calls_nothing(database: Database) -> None:
    called: list[str] = []
    with pytest.raises(RuntimeError), database.writing() as session:
        session.add(WorkflowRow(name="a", dag_id="a"))
        session.flush()
        after_commit(session, lambda: called.append("after"))
        raise RuntimeError
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(WorkflowRow)) == 0
    assert called == []


def test_what_waits_for_the_commit_may_write_itself(database: Database) -> None:
    def write_more() -> None:
        with database.writing() as session:
            session.add(WorkflowRow(name="b", dag_id="b"))

    with database.writing() as session:
        session.add(WorkflowRow(name="a", dag_id="a"))
        after_commit(session, write_more)
    with database.reading() as session:
        assert session.scalars(select(WorkflowRow.name).order_by("name")).all() == ["a", "b"]


def test_moments_are_aware_and_in_utc(database: Database) -> None:
    moment = datetime(2026, 11, 22, 12, 30, 0, 123456, timezone(timedelta(hours=5)))
    with database.writing() as session:
        session.add(WorkflowRow(id="w", name="a", dag_id="a", schedule_from=moment))
    with database.reading() as session:
        row = session.get(WorkflowRow, "w")
        assert row is not None and row.schedule_from == moment
        assert row.schedule_from.tzinfo is UTC
        assert abs(row.created_at - datetime.now(UTC)) < timedelta(minutes=5)


def test_a_moment_without_a_zone_is_refused(database: Database) -> None:
    row = WorkflowRow(name="a", dag_id="a", schedule_from=datetime(2026, 1, 1))
    with pytest.raises(Exception, match="ambiguous"), database.writing() as session:
        session.add(row)


def test_a_dag_id_is_unique_among_workflows_that_are_not_deleted(database: Database) -> None:
    gone = datetime.now(UTC)
    with database.writing() as session:
        session.add(WorkflowRow(name="a", dag_id="a", deleted_at=gone))
        session.add(WorkflowRow(name="a", dag_id="a", deleted_at=gone))
        session.add(WorkflowRow(name="a", dag_id="a"))
    with (
        pytest.raises(Conflict),
        database.writing() as session,
        integrity_conflict(session, Conflict("taken", "taken")),
    ):
        session.add(WorkflowRow(name="a", dag_id="a"))


def test_empty_json_is_each_rows_own(database: Database) -> None:
    with database.writing() as session:
        for name in ("one", "two"):
            session.add(WorkflowRow(name=name, dag_id=name, env={}, dependency_groups=[]))
        session.add(WorkflowRow(name="full", dag_id="full", env={"A": "{}"}))
    with database.reading() as session:
        rows = {row.name: row for row in session.scalars(select(WorkflowRow))}
    assert rows["full"].env == {"A": "{}"}
    rows["one"].env["B"] = "2"
    assert (rows["two"].env, rows["two"].dependency_groups) == ({}, [])


def test_foreign_keys_hold(database: Database) -> None:
    with pytest.raises(IntegrityError), database.writing() as session:
        session.add(RunRow(workflow_id="none", workflow_name="x", dag_id="x", airflow_run_id="x"))


def test_readers_do_not_wait_for_a_writer(database: Database) -> None:
    with database.writing() as writer:
        writer.add(WorkflowRow(name="a", dag_id="a"))
        writer.flush()
        with database.reading() as session:
            assert session.execute(text("SELECT count(*) FROM workflows")).scalar() == 0


@pytest.mark.parametrize("url", ["", "no url", "mysql://u:hidden@h/x", "postgresql+asyncpg://h/x"])
def test_other_databases_are_refused_without_showing_the_url(url: str) -> None:
    with pytest.raises(Invalid) as caught:
        Database(url)
    assert caught.value.code == "database-url-refused"
    assert "hidden" not in str(caught.value)
