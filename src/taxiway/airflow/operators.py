"""The operator of every task: it hands one request to the runner and waits.

User code never runs here. What the runner needs of Airflow goes through `TaskLogHost`.
"""

from __future__ import annotations

import os
from typing import Any

from airflow.sdk import BaseOperator

from taxiway.airflow.context import request_of
from taxiway.airflow.host import TaskLogHost
from taxiway.airflow.outcome import translated
from taxiway.runner.execute import TaskProcess
from taxiway.runner.settings import WorkerSettings


class TaxiwayOperator(BaseOperator):  # type: ignore[misc]
    """One task of one release. Nothing of it is templated: arguments arrive as they were written."""

    template_fields = ()
    ui_color = "#e8f1fb"

    def __init__(self, *, release: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.release = release
        self._process: TaskProcess | None = None
        self._killed = False

    def execute(self, context: Any) -> Any:
        # Airflow's clean-up may have taken the bundle's folder between parsing and now, from when
        # on it is locked. A folder that is missing later would stop the scheduler.
        context["ti"].bundle_instance.initialize()
        with translated(context):
            process = TaskProcess(
                request_of(self.release, self.task_id, context),
                TaskLogHost(context["ti"]),
                WorkerSettings.from_env(os.environ),
            )
            self._process = process
            if self._killed:
                process.kill()
            return process.run()

    def on_kill(self) -> None:
        """Called by a signal handler, anywhere in `execute`: raw system calls only."""
        self._killed = True
        if self._process is not None:
            self._process.kill()
