"""Generated files, read by Airflow itself."""

from __future__ import annotations

import json
import time
import warnings
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization

from taxiway.airflow.operators import RECEIVED, TaxiwayOperator
from taxiway.airflow.sentinel import SENTINEL_FILE, SENTINEL_SOURCE
from taxiway.release.model import Release
from taxiway.release.render import Dag, render
from taxiway.workflow.models import Task, Workflow
from taxiway.workflow.wiring import MOST_LISTS

INLINE = "def f():\n    return 1"


def release_of(*tasks: Task, **fields: Any) -> Release:
    workflow = Workflow(
        **{"name": "flow", "dag_id": "flow", "git_repository": "https://h/r"} | fields, tasks=tasks
    )
    return Release("id", workflow, "a" * 40, "b" * 40, "c" * 64, "3.11")


def parse(source: bytes, folder: Path) -> Any:
    """The one DAG of a file, as the Dag processor reads it."""
    path = folder / "file.py"
    path.write_bytes(source)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        bag = DagBag(dag_folder=path, safe_mode=False, load_op_links=False, bundle_path=folder)
    assert bag.import_errors == {}
    (dag,) = bag.dags.values()
    assert dag.fileloc == str(path)
    return dag


def rendered(*tasks: Task, schedule_from: str | None = None, **fields: Any) -> Dag:
    return render(release_of(*tasks, **fields), schedule_from=schedule_from)


def test_airflow_sees_the_workflow_as_it_was_declared(tmp_path: Path) -> None:
    train = Task(
        "train-model",
        script_path="src/train.py",
        function_name="train",
        retry_count=2,
        retry_delay=600,
        timeout=9,
        trigger_rule="all_done",
        pool="gpus",
        pool_slots=3,
        queue="big",
    )
    report = Task("report", python_callable=INLINE, dependencies=("train-model",))
    made = rendered(
        train,
        report,
        name="Train & report ✈",
        description="Two tasks.",
        schedule="30 6 * * *",
        timezone="Europe/Paris",
        catchup=True,
        max_active_runs=4,
        schedule_from="2026-03-01T12:00:00+00:00",
    )
    dag = parse(made.source, tmp_path)
    assert (dag.dag_id, dag.dag_display_name) == ("flow", "Train & report ✈")
    assert dag.tags == {"taxiway", made.tag}
    assert dag.schedule == "30 6 * * *" and dag.timezone.name == "Europe/Paris"
    assert dag.start_date.isoformat() == "2026-03-01T12:00:00+00:00"
    assert (dag.catchup, dag.max_active_runs) == (True, 4)
    assert dag.is_paused_upon_creation is False
    task = dag.task_dict["train-model"]
    assert isinstance(task, TaxiwayOperator)
    assert (task.retries, task.retry_delay) == (2, timedelta(seconds=600))
    assert (task.trigger_rule, task.pool, task.pool_slots, task.queue) == (
        "all_done",
        "gpus",
        3,
        "big",
    )
    assert task.execution_timeout is None
    assert task.downstream_task_ids == {"report"}
    assert "src/train.py" in task.doc_md and "a" * 40 in task.doc_md


def test_without_a_schedule_nothing_starts_by_itself(tmp_path: Path) -> None:
    dag = parse(rendered(Task("t", python_callable=INLINE), schedule="@daily").source, tmp_path)
    assert dag.schedule is None and dag.start_date is None


@pytest.mark.parametrize("schedule", ["@daily", "@hourly", "@once", "*/5 * * * *"])
def test_schedules_begin_where_the_server_says(schedule: str, tmp_path: Path) -> None:
    task = Task("t", python_callable=INLINE)
    made = rendered(task, schedule=schedule, schedule_from="2030-01-01T00:00:00+00:00")
    dag = parse(made.source, tmp_path)
    assert dag.schedule == schedule and dag.start_date.year == 2030


def test_what_users_write_is_never_executed_templated_or_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "leak.md").write_text("the content of a file")
    monkeypatch.chdir(tmp_path)
    text = "leak.md"
    git = Task(
        "g", script_path=text, function_name="{{ f }}", params={"{{": "{% x %}"}, pool="p.md"
    )
    for description in (text, "''' + __import__('os').getcwd() + '''", "{{ var.value.secret }}"):
        dag = parse(
            rendered(git, name=description, description=description, git_branch=text).source,
            tmp_path,
        )
        assert dag.description == dag.dag_display_name == description
        assert dag.doc_md.startswith(description) and "the content" not in dag.doc_md
        task = dag.task_dict["g"]
        assert tuple(task.template_fields) == () and dict(task.params) == {}
        assert "the content" not in task.doc_md and "{{ f }}" in task.doc_md


def test_documentation_cannot_leave_its_block(tmp_path: Path) -> None:
    git = Task("g", script_path="a\n\n# <script>", function_name="f\n\n![x](javascript:1)")
    documentation = parse(rendered(git).source, tmp_path).task_dict["g"].doc_md
    assert all(line.startswith("    ") for line in documentation.splitlines())


def test_a_task_serialises_small(tmp_path: Path) -> None:
    code = "def f():\n" + "    x = 1\n" * 10_000
    params = {f"p{number}": "x" * 100 for number in range(100)}
    dag = parse(rendered(Task("t", python_callable=code, params=params)).source, tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = DagSerialization.to_dict(dag)
    assert len(json.dumps(data)) < 3_000


def test_a_task_is_mapped_over_every_combination_of_several_lists(tmp_path: Path) -> None:
    lists = [Task(name, python_callable=INLINE) for name in ("make", "load")]
    train = Task("train", python_callable=INLINE, dependencies=("make", "load"))
    one = replace(train, name="one", expand={"seed": [1, 2], "item": "make"})
    two = replace(train, name="two", expand={"seed": [1, 2], "item": "make", "at": "load"})
    dag = parse(rendered(*lists, one, two).source, tmp_path)
    for name, receives, sources in (
        ("one", "item", ["make"]),
        ("two", ["at", "item"], ["load", "make"]),
    ):
        mapped = dag.get_task(name)
        assert mapped.partial_kwargs["receives"] == receives
        given = mapped.expand_input.value
        assert given["element"] == [{"seed": 1}, {"seed": 2}]
        over = [arg.operator.task_id for key, arg in given.items() if key in RECEIVED]
        assert over == sources
    assert len(RECEIVED) == MOST_LISTS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        DagSerialization.to_dict(dag)


def test_the_operator_hands_over_what_it_received() -> None:
    several = TaxiwayOperator(
        task_id="t", release="r", receives=["at", "item"], received=1, received_2=2
    )
    assert several._received() == {"at": 1, "item": 2}
    one = TaxiwayOperator(task_id="t", release="r", receives="item", received=1)
    assert one._received() == {"item": 1}
    assert TaxiwayOperator(task_id="t", release="r")._received() == {}


def test_the_sentinel_is_a_dag_that_never_runs(tmp_path: Path) -> None:
    dag = parse(SENTINEL_SOURCE, tmp_path)
    assert f"{dag.dag_id}.py" == SENTINEL_FILE
    assert dag.schedule is None and not dag.tasks


def test_parsing_costs_what_a_hand_written_file_costs(tmp_path: Path) -> None:
    """Ten tasks each; the better of several, for the machine does other things too."""
    tasks = [Task(f"t{n}", script_path="t.py", function_name="f") for n in range(10)]
    generated = rendered(*tasks).source
    by_hand = "from airflow.sdk import DAG\n"
    by_hand += "from airflow.providers.standard.operators.python import PythonOperator\n"
    by_hand += "with DAG('by_hand'):\n"
    by_hand += "".join(
        f"    t{n} = PythonOperator(task_id='t{n}', python_callable=print)\n" for n in range(10)
    )
    best = {}
    for name, source in (("generated", generated), ("by hand", by_hand.encode())):
        (folder := tmp_path / name).mkdir()
        parse(source, folder)
        best[name] = min(_seconds(source, folder) for _ in range(5))
    assert best["generated"] < 2 * best["by hand"] + 0.01, best


def _seconds(source: bytes, folder: Path) -> float:
    started = time.process_time()
    parse(source, folder)
    return time.process_time() - started
