"""What a running task needs of the orchestrator around it: a place for its lines, and answers."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any, Protocol


class Host(Protocol):
    """Both are called from one thread at a time, which is not the one that called `run()`.

    The questions are JSON objects; the answers are too:

        {"ask": "xcom_pull", "task_ids": …, "key": …, "map_indexes": …, "dag_id": …,
         "run_id": …, "include_prior_dates": …}             → {"value": … or null}
        {"ask": "xcom_push", "key": …, "value": …}          → {}
        {"ask": "variable", "name": …}                      → {"found": true, "value": "…"}
        {"ask": "secret", "kind": "variable" or "connection", "name": …}
                                              → {"found": true, "value": "…", "parts": […]}
        {"ask": "connection", "name": …}                    → {"found": true, "conn_id": …,
            "conn_type": …, "host": …, "login": …, "password": …, "schema": …, "port": …,
            "extra": "…"}

    The optional keys are left out where user code did not give them. What `answer` raises reaches
    the user's call as an exception; if it is not caught there, it is what `run()` raises.
    """

    def log(self, line: str, *, stream: str, level: int) -> None:
        """One line of the task; `stream` is "stdout", "stderr", "taxiway" or a logger's name."""

    def answer(self, question: dict[str, Any]) -> dict[str, Any]: ...


@dataclass
class MemoryHost:
    """A host without an orchestrator: it keeps the lines, and answers from dictionaries.

    For tests, and for running one task by hand.
    """

    xcom: dict[tuple[str, str], Any] = field(default_factory=dict)  # (task, key) → value
    variables: dict[str, str] = field(default_factory=dict)
    connections: dict[str, dict[str, Any]] = field(default_factory=dict)
    uris: dict[str, str] = field(default_factory=dict)  # of connections, as secrets
    task_name: str = "task"  # whose values `xcom_push` sets
    lines: list[tuple[str, str, int]] = field(default_factory=list)  # (line, stream, level)

    def log(self, line: str, *, stream: str, level: int) -> None:
        self.lines.append((line, stream, level))

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        match question["ask"]:
            case "xcom_pull":
                return {"value": self._pull(question.get("task_ids"), question["key"])}
            case "xcom_push":
                self.xcom[self.task_name, question["key"]] = question["value"]
                return {}
            case "variable":
                name = question["name"]
                return {"found": name in self.variables, "value": self.variables.get(name)}
            case "secret":
                known = self.variables if question["kind"] == "variable" else self.uris
                name = question["name"]
                return {"found": name in known, "value": known.get(name)}
            case "connection":
                connection = self.connections.get(question["name"])
                return {"found": connection is not None, **(connection or {})}
        raise ValueError(f"no such question: {question['ask']}")

    def _pull(self, task_ids: str | list[str] | None, key: str) -> Any:
        if isinstance(task_ids, list):
            return [self.xcom.get((name, key)) for name in task_ids]
        return self.xcom.get((task_ids or self.task_name, key))

    def output(self, stream: str | None = None, *, at_least: int = logging.NOTSET) -> list[str]:
        """The lines of `stream`, or of all."""
        return [
            line
            for line, source, level in self.lines
            if stream in (None, source) and level >= at_least
        ]
