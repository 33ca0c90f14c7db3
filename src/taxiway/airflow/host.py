"""What a running task gets of Airflow: its log, and answers to its questions."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import quote

from airflow.sdk import Connection, Variable
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.sdk.log import mask_secret

from taxiway.runner.secrets import SHORTEST, masked_parts

_NOT_GIVEN = object()
_CONNECTION_FIELDS = (
    "conn_id",
    "conn_type",
    "host",
    "login",
    "password",
    "schema",
    "port",
    "extra",
)
_PULL_ARGUMENTS = ("task_ids", "key", "map_indexes", "dag_id", "run_id", "include_prior_dates")


class TaskLogHost:
    """A `runner.host.Host` over the task instance. One thread of the runner calls it."""

    def __init__(self, task_instance: Any) -> None:
        self._task_instance = task_instance

    def log(self, line: str, *, stream: str, level: int) -> None:
        """A line in the task's log, under `stream` as the logger's name.

        It goes to the handlers at once: a level that Airflow set for a logger of the same name is
        about Airflow's own lines.
        """
        record = logging.LogRecord(stream, level, "", 0, line, None, None)
        logging.getLogger().handle(record)

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        match question["ask"]:
            case "xcom_pull":
                return {"value": self._pull(question)}
            case "xcom_push":
                self._task_instance.xcom_push(key=question["key"], value=question["value"])
                return {}
            case "variable":
                value = Variable.get(question["name"], default=_NOT_GIVEN)
                return {"found": False} if value is _NOT_GIVEN else {"found": True, "value": value}
            case "secret":
                return _secret(question["kind"], question["name"])
            case "connection":
                return _connection(question["name"])
        raise ValueError(f"no such question: {question['ask']}")

    def _pull(self, question: dict[str, Any]) -> Any:
        arguments = {key: question[key] for key in _PULL_ARGUMENTS if key in question}
        return self._task_instance.xcom_pull(**arguments)


def _secret(kind: str, name: str) -> dict[str, Any]:
    """Its text, and what else of it must not be seen; masked in this log from now on, by Airflow
    too. Without a name: Airflow would pass over one that does not sound secret."""
    if kind == "variable":
        value = Variable.get(name, default=None)
        answer = {"found": value is not None, "value": value, "parts": []}
    else:
        try:
            connection = Connection.get(name)
        except AirflowNotFoundException:
            return {"found": False}
        answer = {"found": True, "value": connection.get_uri(), "parts": _parts(connection)}
    for part in masked_parts([str(answer["value"] or ""), *answer["parts"]]):
        mask_secret(part)
    return answer


def _parts(connection: Any) -> list[str]:
    """The password, also as it stands in the address, and the texts beside it."""
    password = connection.password
    texts = [text for text in connection.extra_dejson.values() if isinstance(text, str)]
    found = [password, quote(password, safe="")] if password else []
    return [*dict.fromkeys(found), *(text for text in texts if len(text) >= SHORTEST)]


def _connection(name: str) -> dict[str, Any]:
    try:
        connection = Connection.get(name)
    except AirflowNotFoundException:
        return {"found": False}
    return {"found": True, **{key: getattr(connection, key) for key in _CONNECTION_FIELDS}}
