from __future__ import annotations

from dataclasses import replace

import pytest

from taxiway.functions.parse import functions_of
from taxiway.release.compare import Side, broken_by, workflow_changes
from taxiway.release.package_changes import PackageChange, package_changes
from taxiway.workflow.models import Task, Workflow

TRAIN = Task("train", script_path="a.py", function_name="f", params={"n": 1})
LOAD = Task("load", python_callable="def load(): ...")
BASE = Workflow("w", "w", tasks=(LOAD, TRAIN))


def function(source: str):
    found = functions_of(f"from typing import Literal\n{source}: ...\n".encode(), "a.py").find("f")
    assert found is not None
    return found


def told(base: Side, head: Side) -> list[tuple[str, str]]:
    return [(change.kind, change.field) for change in workflow_changes(base, head)]


def test_nothing_is_told_where_nothing_differs() -> None:
    side = Side(BASE, {"train": function("def f(n: int = 3)")})
    assert workflow_changes(side, side) == []


def test_what_is_declared_otherwise_is_told_field_by_field() -> None:
    train = replace(
        TRAIN, params={"n": True, "rate": 0.1}, dependencies=("load",), retry_count=2, timeout=60
    )
    report = Task("report", python_callable="def report(): ...")
    head = replace(BASE, schedule="@daily", env={"A": "1"}, tasks=(train, report))
    assert told(Side(BASE), Side(head)) == [
        ("schedule-changed", "schedule"),
        ("field-changed", "env"),
        ("param-changed", "tasks.train.params.n"),
        ("param-added", "tasks.train.params.rate"),
        ("dependency-moved", "tasks.train.dependencies"),
        ("field-changed", "tasks.train.retry_count"),
        ("field-changed", "tasks.train.timeout"),
        ("task-added", "tasks.report"),
        ("task-removed", "tasks.load"),
    ]
    moved = workflow_changes(Side(BASE), Side(head))[4]
    assert (moved.text, moved.before, moved.after) == (
        *("train waits for load instead of nothing", [], ["load"]),
    )


def test_defaults_and_signatures_of_functions_are_compared() -> None:
    base = Side(BASE, {"train": function("def f(n: int = 3, rate=0.1)")})
    head = Side(BASE, {"train": function("def f(n: int = 5, rate=0.1)")})
    [default] = workflow_changes(base, head)
    assert (default.kind, default.before, default.after) == ("param-default-changed", "3", "5")
    wider = Side(BASE, {"train": function("def f(n: int = 3, rate=0.1, depth=2)")})
    [change] = workflow_changes(base, wider)
    assert (change.kind, change.is_breaking) == ("signature-changed", False)
    broken = Side(BASE, {"train": function("def f(n: int, rate)")})
    [change] = workflow_changes(base, broken)
    assert (change.kind, change.is_breaking, change.task) == ("signature-broke", True, "train")
    assert change.text == (
        "train: f(n: int = 3, rate=0.1) → f(n: int, rate) (n has to be given now; rate has to be "
        "given now)"
    )


@pytest.mark.parametrize(
    ("old", "new", "breaks"),
    [
        ("def f(a)", "def f(a, b=1)", False),
        ("def f(a)", "def f(a, b)", True),
        ("def f(a)", "def f(b)", True),
        ("def f(a)", "def f(**kw)", False),
        ("def f(**kw)", "def f(a=1)", True),
        ("def f(context, a)", "def f(a)", False),
        ("def f(a: int)", "def f(a: float)", False),
        ("def f(a: float)", "def f(a: int)", True),
        ("def f(a: int)", "def f(a)", False),
        ("def f(a)", "def f(a: int)", True),
        ("def f(a: int)", "def f(a: int | None)", False),
        ("def f(a: int | None)", "def f(a: int)", True),
    ],
)
def test_a_signature_breaks_where_it_takes_less(old: str, new: str, breaks: bool) -> None:
    assert bool(broken_by(function(old), function(new))) is breaks


def test_packages_go_up_and_down_and_come_and_go() -> None:
    before = {
        **{"numpy": "1.26.4", "pandas": "2.2.0", "old": "1.0", "git": "git+https://x@a"},
        **{"rc": "2.0rc1", "post": "1.0.post1", "same": "1.0", "big": "9.0", "dev": "1.0.dev3"},
    }
    after = {
        **{"numpy": "2.1.0", "pandas": "2.1.9", "new": "0.1", "git": "git+https://x@b"},
        **{"rc": "2.0", "post": "1.0", "same": "1.0", "big": "10.0", "dev": "1.0a1"},
    }
    found = package_changes(before, after)
    assert found.added == (PackageChange("new", None, "0.1"),)
    assert found.removed == (PackageChange("old", "1.0", None),)
    assert [change.name for change in found.up] == ["big", "dev", "numpy", "rc"]
    assert [change.name for change in found.down] == ["pandas", "post"]
    assert found.changed == (PackageChange("git", "git+https://x@a", "git+https://x@b"),)
