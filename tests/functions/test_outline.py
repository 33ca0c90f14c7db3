from __future__ import annotations

import ast

from taxiway.functions.outline import outline


def test_generators_are_those_that_yield_themselves() -> None:
    source = (
        "def f():\n    yield 1\n"
        "def g():\n    def inner():\n        yield 1\n    return inner\n"
        "async def h():\n    x = yield from f()\n"
        "def k():\n    return (lambda: (yield))\n"
    )
    assert outline(ast.parse(source)).generators == {1, 7}


def test_what_stands_inside_of_something_is_named_by_where_it_stands() -> None:
    source = (
        "class Model:\n    def train(self):\n        def step(): ...\n"
        "def make():\n    if True:\n        def train(): ...\n    return train\n"
        "try:\n    def top(): ...\nexcept OSError: ...\n"
    )
    shape = outline(ast.parse(source))
    assert shape.inner == ("Model.train", "Model.train.step", "make.train")
    assert shape.classes == ("Model",)


def test_imports_are_modules_that_may_be_meant() -> None:
    source = (
        "import os, a.b\nfrom . import x\nfrom ..pkg.mod import y as z\nfrom q import *\n"
        "def f():\n    import lazy\n"
    )
    assert outline(ast.parse(source)).imports == (
        *("os", "a.b", ".", ".x", "..pkg.mod", "..pkg.mod.y", "q", "lazy"),
    )


def test_the_tasks_that_a_function_pulls_from_are_those_that_are_written_out() -> None:
    source = (
        "def f(context):\n"
        "    ti = context['ti']\n"
        "    ti.xcom_pull(task_ids='a'), ti.xcom_pull('b'), ti.xcom_pull(task_ids=['c', 'a'])\n"
        "    ti.xcom_pull(task_ids=name), ti.xcom_pull(key='k')\n"
        "def g(): ...\n"
    )
    assert outline(ast.parse(source)).pulls == {1: ("a", "b", "c"), 5: ()}
