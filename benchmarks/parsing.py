"""Parsing a generated file beside one that does the same with PythonOperators, written by hand.

As the Dag processor does it: in a child forked from a process that has Airflow loaded, so that
what the file imports is paid for by each parse, unless it was preloaded.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from benchmarks.measure import Options, Row, against, paired
from benchmarks.rendering import release
from taxiway.process import run
from taxiway.release.render import render

GOAL = 1.1
_PARSE = """
import json, os, sys, time

def parse(path):
    read, write = os.pipe()
    if pid := os.fork():
        os.close(write)
        with os.fdopen(read) as pipe:
            taken = float(pipe.read())
        os.waitpid(pid, 0)
        return taken
    began = time.perf_counter()
    bag = DagBag(dag_folder=path)
    taken = time.perf_counter() - began
    assert not bag.import_errors and len(bag.dags) == 1, bag.import_errors
    os.write(write, repr(taken).encode())
    os._exit(0)

import airflow.sdk
from airflow.dag_processing.dagbag import DagBag
from airflow.providers.standard.operators.python import PythonOperator
from taxiway.airflow.preload import preload

preload(["airflow", "dag-processor"])
pairs, ours, theirs = int(sys.argv[1]), sys.argv[2], sys.argv[3]
found = [(parse(ours), parse(theirs)) for _ in range(pairs + 2)][2:]
print("\\n" + json.dumps(found))
"""
BY_HAND = """
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG


def step(epochs, rate, name):
    return 1


with DAG({dag_id!r}, schedule=None, catchup=False, is_paused_upon_creation=False):
    previous = None
    for number in range({tasks}):
        task = PythonOperator(
            task_id=f"step_{{number}}",
            python_callable=step,
            op_kwargs={{"epochs": number, "rate": 0.1, "name": "ada"}},
        )
        if previous is not None:
            previous >> task
        previous = task
"""


def measure(options: Options) -> list[Row]:
    folder = options.scratch / "parsing"
    folder.mkdir()
    generated, by_hand = folder / "generated.py", folder / "by_hand.py"
    generated.write_bytes(render(release(0), schedule_from=None).source)
    by_hand.write_text(BY_HAND.format(dag_id="by_hand", tasks=10))
    found = parse(folder, options.pairs, generated, by_hand)
    what = "Parse one generated file of 10 tasks, in a forked process"
    return [against(what, "written by hand", paired(found), goal=GOAL)]


def parse(folder: Path, pairs: int, ours: Path, theirs: Path) -> list[tuple[float, float]]:
    """Seconds in pairs."""
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder / 'airflow.db'}",
    }
    argv = [sys.executable, "-c", _PARSE, str(pairs), str(ours), str(theirs)]
    done = run(argv, env=env, cwd=folder, timeout=240)
    if done.returncode:
        raise RuntimeError(f"parsing failed: {done.complaint}")
    return [(one, other) for one, other in json.loads(done.stdout.splitlines()[-1])]
