from __future__ import annotations

import logging
from typing import Any

import pytest
from airflow.sdk import Connection, Variable
from airflow.sdk.exceptions import AirflowNotFoundException

from taxiway.airflow.host import TaskLogHost


class TaskInstance:
    """Keeps what it is asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def xcom_pull(self, **arguments: Any) -> Any:
        self.asked.append(arguments)
        return {"accuracy": 0.9}

    def xcom_push(self, **arguments: Any) -> None:
        self.asked.append(arguments)


@pytest.fixture
def ti() -> TaskInstance:
    return TaskInstance()


@pytest.fixture
def host(ti: TaskInstance) -> TaskLogHost:
    return TaskLogHost(ti)


def test_lines_keep_their_stream_and_level_whatever_airflow_set(
    host: TaskLogHost, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("httpx").setLevel(logging.ERROR)
    host.log("100 % of it", stream="stdout", level=logging.INFO)
    host.log("a user's own line", stream="httpx", level=logging.INFO)
    assert caplog.record_tuples == [
        ("stdout", logging.INFO, "100 % of it"),
        ("httpx", logging.INFO, "a user's own line"),
    ]


def test_a_pull_passes_what_was_given_and_no_more(host: TaskLogHost, ti: TaskInstance) -> None:
    question = {"ask": "xcom_pull", "task_ids": "train", "key": "return_value"}
    assert host.answer(question) == {"value": {"accuracy": 0.9}}
    host.answer(question | {"map_indexes": [0, 1], "include_prior_dates": True})
    assert ti.asked == [
        {"task_ids": "train", "key": "return_value"},
        {
            "task_ids": "train",
            "key": "return_value",
            "map_indexes": [0, 1],
            "include_prior_dates": True,
        },
    ]


def test_a_push_arrives(host: TaskLogHost, ti: TaskInstance) -> None:
    assert host.answer({"ask": "xcom_push", "key": "k", "value": [1]}) == {}
    assert ti.asked == [{"key": "k", "value": [1]}]


def test_variables(host: TaskLogHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Variable, "get", lambda name, default: {"a": "1"}.get(name, default))
    assert host.answer({"ask": "variable", "name": "a"}) == {"found": True, "value": "1"}
    assert host.answer({"ask": "variable", "name": "b"}) == {"found": False}


def test_connections(host: TaskLogHost, monkeypatch: pytest.MonkeyPatch) -> None:
    known = Connection(
        conn_id="db", conn_type="postgres", host="h", login="u", password="p", port=5
    )

    def get(name: str) -> Connection:
        if name != "db":
            raise AirflowNotFoundException(name)
        return known

    monkeypatch.setattr(Connection, "get", get)
    assert host.answer({"ask": "connection", "name": "db"}) == {
        "found": True,
        "conn_id": "db",
        "conn_type": "postgres",
        "host": "h",
        "login": "u",
        "password": "p",
        "schema": None,
        "port": 5,
        "extra": None,
    }
    assert host.answer({"ask": "connection", "name": "no"}) == {"found": False}


def test_what_a_connection_holds_is_masked_in_each_form(
    host: TaskLogHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra = '{"token": "abc-def", "retries": 3, "mode": "ro"}'
    known = Connection(conn_id="db", conn_type="http", host="h", password="p@ss/word", extra=extra)
    masked: list[str] = []
    monkeypatch.setattr(Connection, "get", lambda name: known)
    monkeypatch.setattr("taxiway.airflow.host.mask_secret", masked.append)
    answer = host.answer({"ask": "secret", "kind": "connection", "name": "db"})
    assert answer["value"] == known.get_uri()
    assert answer["parts"] == ["p@ss/word", "p%40ss%2Fword", "abc-def"]
    assert set(masked) == {known.get_uri(), *answer["parts"]}
    assert "p%40ss%2Fword" in known.get_uri()


def test_an_unknown_question_is_a_bug(host: TaskLogHost) -> None:
    with pytest.raises(ValueError, match="no such question"):
        host.answer({"ask": "the time"})
