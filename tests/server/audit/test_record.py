"""The record is only ever added to, and keeps no secret."""

from __future__ import annotations

import getpass

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DatabaseError
from starlette.datastructures import Headers

from taxiway.redaction import Secret
from taxiway.server.audit.record import record
from taxiway.server.caller import begin_caller
from taxiway.server.database import AuditRow, Database
from taxiway.server.request_id import begin_request


def lines(database: Database) -> list[AuditRow]:
    with database.reading() as session:
        return list(session.scalars(select(AuditRow).order_by(AuditRow.created_at)))


def test_a_line_says_who_did_what_to_what(database: Database) -> None:
    begin_request("asked-42")
    begin_caller(Headers({"x-taxiway-actor": "ci"}))
    with database.writing() as session:
        record(
            session,
            "workflow.update",
            kind="workflow",
            id="w1",
            name="digits",
            before={"git_branch": "main", "tasks": ["load"]},
            after={"git_branch": "next", "tasks": ["load", "train"]},
        )
    (line,) = lines(database)
    assert (line.who, line.client, line.request_id) == (
        f"local:{getpass.getuser()}",
        "ci",
        "asked-42",
    )
    assert (line.action, line.kind, line.subject_id) == ("workflow.update", "workflow", "w1")
    assert line.before == {"git_branch": "main", "tasks": ["load"]}
    assert line.after == {"git_branch": "next", "tasks": ["load", "train"]}


def test_a_secret_or_a_login_in_an_address_is_not_kept(database: Database) -> None:
    after = {"secret": Secret("hunter2"), "urls": [{"index": "https://me:hunter2@index.example/"}]}
    with database.writing() as session:
        record(session, "settings.change", kind="settings", id="s", name="all", after=after)
    (line,) = lines(database)
    assert line.after == {"secret": "***", "urls": [{"index": "https://***@index.example/"}]}


def test_what_was_rolled_back_has_no_line(database: Database) -> None:
    with pytest.raises(RuntimeError), database.writing() as session:
        record(session, "workflow.deploy", kind="workflow", id="w1", name="digits")
        raise RuntimeError
    assert lines(database) == []


@pytest.mark.parametrize("statement", [update(AuditRow).values(who="nobody"), delete(AuditRow)])
def test_the_database_refuses_to_change_or_remove_a_line(
    database: Database, statement: object
) -> None:
    with database.writing() as session:
        record(session, "workflow.deploy", kind="workflow", id="w1", name="digits")
    with pytest.raises(DatabaseError, match="append-only"), database.writing() as session:
        session.execute(statement)  # type: ignore[call-overload]
    assert len(lines(database)) == 1
