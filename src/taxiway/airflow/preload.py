"""What the processes that fork others load beforehand, so that none of those loads it again.

`<AIRFLOW_HOME>/config/airflow_local_settings.py` holds `LOCAL_SETTINGS`. Airflow imports that file
in each of its processes. The scheduler (whose LocalExecutor forks) and a Celery worker fork tasks;
the Dag processor forks a process for each file that it parses. It does nothing in the others.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

LOCAL_SETTINGS = """\
from taxiway.airflow.preload import preload as _preload

_preload()
"""
FOR_TASKS = (
    "airflow.dag_processing.dagbag",
    "airflow.sdk.execution_time.task_runner",
    "taxiway.airflow.bundle",
    "taxiway.airflow.dags",
)
FOR_FILES = ("airflow.dag_processing.dagbag", "taxiway.airflow.dags")


def preload(argv: Sequence[str] | None = None) -> bool:
    """Load what the children of this process, started as `argv`, need. Whether it did."""
    words = [word for word in (sys.argv if argv is None else argv)[1:] if not word.startswith("-")]
    modules = _modules(words)
    for module in modules:
        importlib.import_module(module)
    return bool(modules)


def _modules(words: Sequence[str]) -> Sequence[str]:
    if words[:1] == ["scheduler"] or words[:2] == ["celery", "worker"]:
        return FOR_TASKS
    return FOR_FILES if words[:1] == ["dag-processor"] else ()
