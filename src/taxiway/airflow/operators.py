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

from taxiway.airflow.context import request_of, say_request
from taxiway.airflow.host import TaskLogHost
from taxiway.airflow.outcome import translated
from taxiway.airflow.shards import number_of
from taxiway.runner.execute import TaskProcess
from taxiway.runner.settings import WorkerSettings

# Airflow lists XComs of a whole run by their keys, without the values: so the key says it.
TIMINGS_KEY = "taxiway_timings"

_log = logging.getLogger("taxiway")


class TaxiwayOperator(BaseOperator):  # type: ignore[misc]
    """One task of one release. Nothing of it is templated: arguments arrive as they were written."""

    template_fields = ()
    ui_color = "#e8f1fb"

    def __init__(self, *, release: str, commit: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.release = release
        self.commit = commit
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
                ),
                TaskLogHost(context["ti"]),
                WorkerSettings.from_env(os.environ),
            )
            self._process = process
            if self._killed:
                process.kill()
            try:
                return process.run()
            finally:
                if not self._killed:
                    _tell_timings(context["ti"], process.timings)

    def on_kill(self) -> None:
        """Called by a signal handler, anywhere in `execute`: raw system calls only."""
        self._killed = True
        if self._process is not None:
            self._process.kill()


def _tell_timings(task_instance: Any, timings: Mapping[str, float]) -> None:
    """Leave where the time went for the server to find, however the task ends."""
    if not timings:
        return
    key = " ".join([TIMINGS_KEY, *(f"{name}={seconds:.4f}" for name, seconds in timings.items())])
    try:
        task_instance.xcom_push(key=key, value=dict(timings))
    except Exception as error:
        # It must not decide over a task that has done its work.
        _log.warning("The task's timings could not be kept: %s", error)
