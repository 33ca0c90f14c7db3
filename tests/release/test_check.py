"""The deploy check proves what it can, and refuses nothing that would run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from taxiway.errors import Invalid
from taxiway.release.check import SOURCE_LIMIT, check_tasks, refuse
from taxiway.release.outline import outline
from taxiway.workflow.models import Task, Workflow


def git(script: str, function: str = "f", name: str = "one", **fields: Any) -> Task:
    return Task(name, script_path=script, function_name=function, **fields)


def found(files: dict[str, str | bytes], *tasks: Task) -> list[tuple[str, str]]:
    problems, _ = check_tasks(Workflow("w", "w", tasks=tasks), reader(files))
    assert all(problem.hint for problem in problems)
    return [(problem.code, problem.place) for problem in problems]


def reader(files: dict[str, str | bytes]) -> Any:
    def read(path: str) -> bytes | None:
        if path == "link.py":
            raise Invalid("path-is-link", "link.py is a link", hint="Name the file itself.")
        data = files.get(path)
        return data.encode() if isinstance(data, str) else data

    return read


RUNS = [
    "def f(): ...",
    "async def f(): ...",
    "try:\n    import fast\n    def f(): ...\nexcept ImportError:\n    def f(): ...",
    "for _ in range(1):\n    def f(): ...",
    "while True:\n    def f(): ...\n    break",
    "match 1:\n    case _:\n        def f(): ...",
    "with open('x'):\n    def f(): ...",
    "try:\n    def f(): ...\nexcept* OSError:\n    pass",
    "from library import f",
    "from library import *",
    "import library as f",
    "f = lambda: 1",
    "f, g = make()",
    "if (f := make()):\n    pass",
    "for f in functions:\n    pass",
    "with make() as f:\n    pass",
    "class f: ...",
    "globals()['f'] = print",
    "def __getattr__(name): ...",
    "# -*- coding: latin-1 -*-\ndef f(): ...",
    "\ufeffdef f(): ...",
]


@pytest.mark.parametrize("source", RUNS)
def test_what_would_run_is_never_refused(source: str) -> None:
    assert found({"a.py": source}, git("a.py")) == []


@pytest.mark.parametrize(
    "source",
    [
        "",
        "def g(): ...",
        "def g():\n    def f(): ...",
        "class A:\n    def f(self): ...",
        "def g():\n    f = 1",
    ],
)
def test_a_function_that_is_not_there_is_told_with_those_that_are(source: str) -> None:
    assert found({"a.py": source}, git("a.py")) == [
        ("function-not-found", "/tasks/one/function_name")
    ]


SIGNATURES = [
    ("def f(x): ...", {"x": 1}, True),
    ("def f(x, /): ...", {"x": 1}, True),
    ("def f(*, x): ...", {"x": 1}, True),
    ("def f(**kw): ...", {"x": 1}, True),
    ("def f(context, **kw): ...", {"x": 1}, True),
    ("@decorated\ndef f(): ...", {"x": 1}, True),
    ("def f(): ...\ndef f(x): ...", {"x": 1}, True),
    ("def f(): ...\nf = wrap(f)", {"x": 1}, True),
    ("def f(context=None): ...", {}, True),
    ("def f(y): ...", {"x": 1}, False),
    ("def f(*args): ...", {"x": 1}, False),
    ("def f(context): ...", {"context": 1}, False),
    ("def f(**context): ...", {"context": 1}, False),
]


@pytest.mark.parametrize(("source", "params", "fits"), SIGNATURES)
def test_params_have_to_be_taken(source: str, params: dict[str, Any], fits: bool) -> None:
    told = found({"a.py": source}, git("a.py", params=params))
    assert told == (
        [] if fits else [("param-not-taken", f"/tasks/one/params/{next(iter(params))}")]
    )


def test_what_a_run_will_have_to_give_is_noted() -> None:
    source = "def f(context, a, b=1, *, c, d=2): ...\n"
    workflow = Workflow("w", "w", tasks=(git("a.py", params={"c": 1}),))
    problems, notes = check_tasks(workflow, reader({"a.py": source}))
    assert problems == []
    assert notes == [
        "f of the task one needs a, and its params do not give that: give it at each run, or in "
        "the params."
    ]


INLINE = [
    ("def a(): ...", True),
    ("import os\nX = 1\ndef whatever(): ...", True),
    ("def helper(): ...\ndef one(): ...", True),
    ("def one(): ...\ndef one(): ...", True),
    ("", False),
    ("x = 1", False),
    ("def a(): ...\ndef b(): ...", False),
    ("if True:\n    def a(): ...", False),
    ("class A:\n    def one(self): ...", False),
]


@pytest.mark.parametrize(("source", "fits"), INLINE)
def test_inline_code_is_one_function_as_the_runner_chooses_it(source: str, fits: bool) -> None:
    told = found({}, Task("one", python_callable=source))
    wanted = [("inline-not-one-function", "/tasks/one/python_callable")]
    assert told == ([] if fits else wanted)


def test_all_problems_are_told_at_once_each_with_its_place() -> None:
    files = {"a.py": "def f(): ...", "b.py": "def f(:", "big.py": b"#" * (SOURCE_LIMIT + 1)}
    tasks = (
        git("gone.py", name="t1"),
        git("link.py", name="t2"),
        git("big.py", name="t3"),
        git("b.py", name="t4"),
        git("a.py", "g", name="t5"),
        git("a.py", name="t6", params={"x": 1}),
        Task("t7", python_callable="x"),
    )
    told = dict(found(files, *tasks))
    assert told == {
        "script-not-found": "/tasks/t1/script_path",
        "path-is-link": "/tasks/t2/script_path",
        "script-too-large": "/tasks/t3/script_path",
        "script-not-python": "/tasks/t4/function_name",
        "function-not-found": "/tasks/t5/function_name",
        "param-not-taken": "/tasks/t6/params/x",
        "inline-not-one-function": "/tasks/t7/python_callable",
    }


def test_one_problem_keeps_its_code_and_several_share_one() -> None:
    workflow = Workflow("w", "w", tasks=(git("gone.py"), git("lost.py", name="two")))
    problems, _ = check_tasks(workflow, reader({}))
    refuse(workflow, [])
    with pytest.raises(Invalid) as one:
        refuse(workflow, problems[:1])
    assert one.value.code == "script-not-found"
    with pytest.raises(Invalid) as both:
        refuse(workflow, problems)
    assert (both.value.code, len(both.value.problems)) == ("deploy-check-failed", 2)


def test_a_git_task_without_a_repository_is_refused() -> None:
    problems, _ = check_tasks(Workflow("w", "w", tasks=(git("a.py"),)), None)
    assert [problem.code for problem in problems] == ["repository-missing"]


def test_a_hostile_file_costs_little_and_hides_no_other(tmp_path: Path) -> None:
    deep = "(" * 200_000 + ")" * 200_000
    files = {
        "deep.py": deep,
        "nul.py": b"def f(): ...\x00",
        "latin.py": b"x = '\xff'\ndef f(): ...",
    }
    tasks = [git(name, name=name[:-3]) for name in files]
    codes = [code for code, _ in found(files, *tasks, git("gone.py", name="gone"))]
    assert codes == ["script-not-found", *["script-not-python"] * 3]


def test_nothing_of_a_source_is_executed(tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    source = f"import pathlib\npathlib.Path({str(mark)!r}).touch()\ndef f(x=print('!')): ...\n"
    assert found({"a.py": source}, git("a.py")) == []
    assert not mark.exists()


def test_an_outline_tells_functions_names_and_signatures() -> None:
    told = outline("import os.path\nX: int = 1\ndef f(a, /, b, *c, d, **e): ...\n")
    assert told["functions"] == {
        "f": {
            "names": ["a", "b", "d"],
            "required": ["a", "b", "d"],
            "context": False,
            "kwargs": True,
            "unknown": False,
        }
    }
    assert (told["names"], told["top"], told["dynamic"]) == (["X", "os"], ["f"], False)
    assert outline("def f(:")["line"] == 1
