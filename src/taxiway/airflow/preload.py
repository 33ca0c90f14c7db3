"""What the processes that fork tasks load beforehand, so that no task loads it again.

`<AIRFLOW_HOME>/config/airflow_local_settings.py` holds `LOCAL_SETTINGS`. Airflow imports that file
in each of its processes; only the scheduler (whose LocalExecutor forks) and a Celery worker gain
from it, so it does nothing in the others.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

LOCAL_SETTINGS = """\
from taxiway.airflow.preload import preload as _preload

_preload()
"""
MODULES = (
    "airflow.dag_processing.dagbag",
    "airflow.sdk.execution_time.task_runner",
    "taxiway.airflow.bundle",
    "taxiway.airflow.dags",
)


def preload(argv: Sequence[str] | None = None) -> bool:
    """Load `MODULES` if this process, started as `argv`, forks tasks. Whether it did."""
    words = [word for word in (sys.argv if argv is None else argv)[1:] if not word.startswith("-")]
    if words[:1] != ["scheduler"] and words[:2] != ["celery", "worker"]:
        return False
    for module in MODULES:
        importlib.import_module(module)
    return True
