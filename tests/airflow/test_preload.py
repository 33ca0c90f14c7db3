from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from taxiway.airflow.preload import FOR_TASKS, LOCAL_SETTINGS, preload
from taxiway.process import run

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    "argv",
    [
        ["airflow", "api-server", "--port", "8080"],
        ["airflow", "db", "migrate"],
        ["airflow", "celery", "flower"],
        ["airflow"],
        ["pytest", "x", "scheduler"],
    ],
)
def test_processes_that_fork_nothing_load_nothing(argv: list[str]) -> None:
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
    assert set(FOR_TASKS) <= set(sys.modules)


def test_a_generated_file_makes_the_dag_processors_children_import_nothing(
    tmp_path: Path,
) -> None:
    """They are forked from a process that loaded it all; an import of ours in each would cost
    more than the parse."""
    check = tmp_path / "check.py"
    check.write_text(
        "import sys\n"
        "from taxiway.airflow.preload import preload\n"
        "assert preload(['airflow', 'dag-processor'])\n"
        "before = set(sys.modules)\n"
        "exec(open(sys.argv[1]).read())\n"
        "print(sorted(set(sys.modules) - before))\n"
    )
    golden = Path(__file__).parents[1] / "release" / "golden" / "git_ml_pipeline.py"
    env = {"PATH": os.environ["PATH"], "AIRFLOW_HOME": str(tmp_path)}
    done = run([sys.executable, str(check), str(golden)], env=env, timeout=120)
    assert done.returncode == 0, done.complaint
    assert done.stdout.splitlines()[-1] == b"[]"


def test_the_settings_file_of_airflow_calls_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["airflow", "api-server"])
    names: dict[str, object] = {}
    exec(compile(LOCAL_SETTINGS, "airflow_local_settings.py", "exec"), names)
    assert not {name for name in names if not name.startswith("_")}  # Airflow copies public names
