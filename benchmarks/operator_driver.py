"""Airflow's PythonVirtualenvOperator with its cache, one task for each line of stdin.

Run by itself, for importing Airflow costs seconds that a worker has spent already. It answers with
the seconds until the function's first line, and until its value is there.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time

from airflow.providers.standard.operators.python import PythonVirtualenvOperator
from airflow.sdk import DAG


def first_line() -> float:
    import time  # noqa: PLC0415 - it runs elsewhere

    began = time.time()
    import requests  # noqa: F401, PLC0415
    import yaml  # noqa: PLC0415

    yaml.safe_load("1")
    return began


def main(cache: str, requirements: list[str]) -> None:
    with DAG("beside"):
        operator = PythonVirtualenvOperator(
            task_id="first_line",
            python_callable=first_line,
            requirements=requirements,
            system_site_packages=False,
            serializer="pickle",
            venv_cache_path=cache,
        )
    operator._bundle_path = None  # `execute` would ask the run for it
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # its log goes elsewhere
    for _ in sys.stdin:
        asked = time.time()
        with contextlib.redirect_stdout(sys.stderr):
            began = operator.execute_callable()
        print(began - asked, time.time() - asked, file=answers, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
