"""The operator of every task: it hands one request to the runner and waits.

User code never runs here. What the runner needs of Airflow goes through `TaskLogHost`.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from airflow.sdk import BaseOperator
from airflow.sdk.configuration import conf

from taxiway.airflow.context import request_of, say_request
from taxiway.airflow.host import TaskLogHost
from taxiway.airflow.outcome import translated
from taxiway.airflow.shards import number_of
from taxiway.runner.execute import TaskProcess
from taxiway.runner.settings import WorkerSettings

# Airflow lists XComs of a whole run by their keys, without the values: so the key says it.
TIMINGS_KEY = "taxiway_timings"
RECORD_KEY = "taxiway_record"
# Airflow maps over arguments that the operator names, so there are so many lists at most.
RECEIVED = ("received", "received_2", "received_3", "received_4")

_log = logging.getLogger("taxiway")


class TaxiwayOperator(BaseOperator):  # type: ignore[misc]
    """One task of one release. Nothing of it is templated: arguments arrive as they were written."""

    template_fields = ()
    ui_color = "#e8f1fb"

    def __init__(
        self,
        *,
        release: str,
        commit: str | None = None,
        element: dict[str, Any] | None = None,
        received: Any = None,
        received_2: Any = None,
        received_3: Any = None,
        received_4: Any = None,
        receives: str | list[str] | None = None,
        **kwargs: Any,
    ) -> None:
        """A mapped task has an `element` of its own, params, and may have `received` one of what
        another task returned, for the parameter `receives`; or one each of several."""
        super().__init__(**kwargs)
        self.release = release
        self.commit = commit
        self.element = element
        self.received = received
        self.received_2 = received_2
        self.received_3 = received_3
        self.received_4 = received_4
        self.receives = receives
        self._process: TaskProcess | None = None
        self._killed = False

    def execute(self, context: Any) -> Any:
        # Airflow's clean-up may have taken the bundle's folder between parsing and now, from when
        # on it is locked. A folder that is missing later would stop the scheduler.
        bundle = context["ti"].bundle_instance
        bundle.initialize()
        say_request(context["dag_run"].conf)
        with translated(context):
            process = TaskProcess(
                replace(
                    request_of(self.release, self.task_id, context),
                    number=number_of(Path(bundle.path), context["ti"].dag_id),
                    commit=self.commit,
                    element=self.element or {},
                    received=self._received(),
                    max_elements=conf.getint("core", "max_map_length", fallback=1024),
                ),
                TaskLogHost(context["ti"]),
                WorkerSettings.from_env(os.environ),
            )
            self._process = process
            if self._killed:
                process.kill()
            try:
                value = process.run()
            finally:
                if not self._killed:
                    _tell(context["ti"], TIMINGS_KEY, _rounded(process.timings))
                    _tell(context["ti"], RECORD_KEY, process.digests)
            if value is None and self.element is not None:
                # So that the values of all elements are collected in their order.
                context["ti"].xcom_push(key="return_value", value=None)
            return value

    def _received(self) -> dict[str, Any]:
        names = [self.receives] if isinstance(self.receives, str) else self.receives or []
        values = (getattr(self, name) for name in RECEIVED)
        return dict(zip(names, values, strict=False))

    def on_kill(self) -> None:
        """Called by a signal handler, anywhere in `execute`: raw system calls only."""
        self._killed = True
        if self._process is not None:
            self._process.kill()


def _rounded(timings: Mapping[str, float]) -> dict[str, str]:
    return {name: f"{seconds:.4f}" for name, seconds in timings.items()}


def _tell(task_instance: Any, name: str, facts: Mapping[str, str]) -> None:
    """Leave for the server to find what is known of the task run, however it ends."""
    if not facts:
        return
    key = " ".join([name, *(f"{fact}={text}" for fact, text in facts.items())])
    try:
        task_instance.xcom_push(key=key, value=dict(facts))
    except Exception as error:
        # It must not decide over a task that has done its work.
        _log.warning("What is known of the task run could not be kept: %s", error)
