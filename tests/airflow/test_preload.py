from __future__ import annotations

import sys

import pytest

from taxiway.airflow.preload import LOCAL_SETTINGS, MODULES, preload


@pytest.mark.parametrize(
    "argv",
    [
        ["airflow", "dag-processor"],
        ["airflow", "api-server", "--port", "8080"],
        ["airflow", "db", "migrate"],
        ["airflow", "celery", "flower"],
        ["airflow"],
        ["pytest", "x", "scheduler"],
    ],
)
def test_processes_that_fork_no_tasks_load_nothing(argv: list[str]) -> None:
    assert preload(argv) is False


@pytest.mark.parametrize(
    "argv",
    [
        ["/venv/bin/airflow", "scheduler"],
        ["/venv/lib/airflow/__main__.py", "scheduler", "--skip-serve-logs"],
        ["airflow", "celery", "worker", "-H", "w1"],
    ],
)
def test_processes_that_fork_tasks_load_what_tasks_need(argv: list[str]) -> None:
    assert preload(argv) is True
    assert set(MODULES) <= set(sys.modules)


def test_the_settings_file_of_airflow_calls_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["airflow", "dag-processor"])
    names: dict[str, object] = {}
    exec(compile(LOCAL_SETTINGS, "airflow_local_settings.py", "exec"), names)
    assert not {name for name in names if not name.startswith("_")}  # Airflow copies public names
