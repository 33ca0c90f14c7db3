from __future__ import annotations

from dataclasses import replace

from taxiway.workflow.compare import changed
from taxiway.workflow.models import Task, Workflow

TRAIN = Task(name="train", python_callable="def train(): pass", dependencies=("a", "b"))
WORKFLOW = Workflow(name="w", dag_id="w", tasks=(TRAIN,))


def test_nothing_changed() -> None:
    assert changed(WORKFLOW, WORKFLOW) == []
    again = replace(TRAIN, dependencies=("b", "a"))  # the same set in another order
    assert changed(WORKFLOW, replace(WORKFLOW, tasks=(again,))) == []


def test_fields_of_workflow_and_tasks_are_named() -> None:
    after = replace(WORKFLOW, schedule="@daily", tasks=(replace(TRAIN, params={"n": 1}),))
    assert changed(WORKFLOW, after) == ["schedule", "tasks.train.params"]


def test_tasks_that_come_and_go_are_named_whole() -> None:
    after = replace(WORKFLOW, tasks=(Task(name="report"),))
    assert changed(WORKFLOW, after) == ["tasks.report", "tasks.train"]


def test_before_the_first_deploy_all_that_is_declared_is_new() -> None:
    assert changed(None, WORKFLOW) == ["name", "tasks.train"]
