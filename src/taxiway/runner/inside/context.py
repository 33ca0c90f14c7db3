"""Airflow's context, as far as a task of Taxiway has one."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from .channel import Channel
from .codec import Encoder
from .decoder import Decoder

_DATES = ("logical_date", "data_interval_start", "data_interval_end", "run_after")
_MISSING = object()


class Context(dict[str, Any]):
    """What `context` is. A run by hand may have no logical date: `logical_date`, the data
    interval, and `ds` and `ts` with them, are then those of `run_after`."""

    def __missing__(self, key: str) -> Any:
        raise KeyError(
            f"{key!r} is not in the context of a Taxiway task; it has: {', '.join(self)}"
        )


def build_context(
    facts: dict[str, Any], params: dict[str, Any], task: TaskInstance, artifacts: str
) -> Context:
    dates = {name: parse_date(facts[name]) for name in _DATES if facts.get(name)}
    run_after = dates.get("run_after") or dates.get("logical_date") or datetime.now(timezone.utc)  # noqa: UP017
    logical = dates.get("logical_date") or run_after
    dates = {"logical_date": logical, "run_after": run_after} | dates
    dates.setdefault("data_interval_start", logical)
    dates.setdefault("data_interval_end", logical)
    ts = logical.isoformat()
    context = Context(facts)
    context.update(
        dates,
        ds=logical.strftime("%Y-%m-%d"),
        ds_nodash=logical.strftime("%Y%m%d"),
        ts=ts,
        ts_nodash=logical.strftime("%Y%m%dT%H%M%S"),
        params=params,
        artifacts=Path(artifacts),
        conf=facts.get("conf") or {},
        ti=task,
        task_instance=task,
        var={"value": Variables(task, parse=False), "json": Variables(task, parse=True)},
        conn=Connections(task),
    )
    context["dag_run"] = SimpleNamespace(
        run_id=facts.get("run_id"), conf=context["conf"], logical_date=logical, run_after=run_after
    )
    return context


def parse_date(text: str) -> datetime:
    """An aware datetime; one without an offset is UTC."""
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=timezone.utc)  # noqa: UP017


class TaskInstance:
    """`context["ti"]`: values of other tasks, and values for them."""

    def __init__(
        self, channel: Channel, facts: dict[str, Any], outbox: str, limits: dict[str, int]
    ) -> None:
        self._channel = channel
        self._outbox = outbox
        self._limits = limits
        for name in ("dag_id", "task_id", "run_id", "try_number"):
            setattr(self, name, facts.get(name))
        self.map_index = facts.get("map_index", -1)

    def xcom_pull(
        self,
        task_ids: str | list[str] | tuple[str, ...] | None = None,
        key: str = "return_value",
        default: Any = None,
        writable: bool = False,
        **where: Any,
    ) -> Any:
        """The value that a task returned, or pushed under `key`; a list for several tasks.

        Arrays and frames are read-only maps of their files, or `writable` copies. `where` is `dag_id`, `run_id`, `map_indexes` or `include_prior_dates`, as in Airflow.
        """
        ids = list(task_ids) if isinstance(task_ids, tuple) else task_ids
        answer = self.ask({"ask": "xcom_pull", "task_ids": ids, "key": key, **where})
        value = answer.get("value")
        return default if value is None else Decoder(self._fetch, writable=writable).decode(value)

    def _fetch(self, digest: str, shown: bool = False) -> str:
        return str(self.ask({"ask": "value", "digest": digest, "shown": shown})["path"])

    def xcom_push(self, key: str, value: Any) -> None:
        """Give `value` to later tasks under `key`, at once."""
        encoder = Encoder(self._outbox, self._channel, **self._limits)
        encoded = encoder.encode(value, key)
        self.ask({"ask": "xcom_push", "key": key, "value": encoded, "files": encoder.files})

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        return self._channel.ask(question)


class Variables:
    """`context["var"]["value"]`: Airflow's variables, by `get(name)`, attribute or key."""

    def __init__(self, task: TaskInstance, *, parse: bool) -> None:
        self._task, self._parse = task, parse

    def get(self, name: str, default: Any = _MISSING) -> Any:
        answer = self._task.ask({"ask": "variable", "name": name})
        if not answer["found"]:
            if default is _MISSING:
                raise KeyError(f"Airflow has no variable {name!r}")
            return default
        return _parse_json(answer["value"]) if self._parse else answer["value"]

    def __getitem__(self, name: str) -> Any:
        return self.get(name)

    __getattr__ = __getitem__


class Connections:
    """`context["conn"]`: Airflow's connections, by `get(name)`, attribute or key."""

    def __init__(self, task: TaskInstance) -> None:
        self._task = task

    def get(self, name: str, default: Any = _MISSING) -> Any:
        answer = self._task.ask({"ask": "connection", "name": name})
        if not answer.pop("found"):
            if default is _MISSING:
                raise KeyError(f"Airflow has no connection {name!r}")
            return default
        connection = SimpleNamespace(**answer)
        connection.extra_dejson = _parse_json(answer.get("extra") or "{}")
        return connection

    def __getitem__(self, name: str) -> Any:
        return self.get(name)

    __getattr__ = __getitem__


def _parse_json(text: str) -> Any:
    import json  # noqa: PLC0415

    return json.loads(text)
