"""Airflow's context as the JSON that travels to the task."""

from __future__ import annotations

import logging
import re
from datetime import datetime
from typing import Any

from taxiway.errors import Invalid
from taxiway.runner.request import TaskRequest

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
OURS = "taxiway"  # the key of a run's conf that is not the user's
_log = logging.getLogger("taxiway")
_DATES = ("logical_date", "data_interval_start", "data_interval_end", "run_after")


def request_of(release: str, task: str, context: Any) -> TaskRequest:
    """The request of the task that runs in `context`."""
    facts = _facts(context)
    return TaskRequest(
        release_digest=release,
        task_name=task,
        context=facts,
        param_overrides=_overrides(run_conf(context), task),
    )


def _facts(context: Any) -> dict[str, Any]:
    """Without a logical date, as after a run by hand, Airflow's context has neither dates nor
    `ds` and `ts`; the moment from which the run may start stands in for it there."""
    ti, run = context["ti"], context["dag_run"]
    dates = {key: getattr(run, key, None) for key in _DATES}
    moment: datetime = run.logical_date or run.run_after
    return {
        "run_id": run.run_id,
        "dag_id": ti.dag_id,
        "task_id": ti.task_id,
        "try_number": ti.try_number,
        "map_index": ti.map_index if ti.map_index is not None else -1,
        "run_type": str(getattr(run.run_type, "value", run.run_type)),
        "conf": {key: value for key, value in run_conf(context).items() if key != OURS},
        "ds": moment.strftime("%Y-%m-%d"),
        "ts": moment.isoformat(),
        **{key: date.isoformat() for key, date in dates.items() if date is not None},
    }


def run_conf(context: Any) -> dict[str, Any]:
    """What the run was started with, our own part included."""
    return context["dag_run"].conf or {}


def say_request(conf: Any) -> None:
    """Name the HTTP request that started the run, so that both logs can be read together."""
    ours = conf.get(OURS) if isinstance(conf, dict) else None
    request_id = ours.get("request_id") if isinstance(ours, dict) else None
    if isinstance(request_id, str) and REQUEST_ID.fullmatch(request_id):
        _log.info("Started by request %s", request_id)


def _overrides(conf: Any, task: str) -> dict[str, Any]:
    """`conf["taxiway"]["params"][task]`. Anybody who may trigger a run writes it: check it again."""
    found: Any = conf
    for key in (OURS, "params", task):
        if found is None:
            return {}
        if not isinstance(found, dict):
            raise _malformed()
        found = found.get(key)
    if not isinstance(found, dict | None):
        raise _malformed()
    return found or {}


def _malformed() -> Invalid:
    return Invalid(
        "malformed-overrides",
        "The run's configuration does not hold params by task",
        hint='Give {"taxiway": {"params": {"<task>": {"<param>": <value>}}}}, or trigger the run '
        "through Taxiway.",
    )
