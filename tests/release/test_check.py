"""The deploy check proves what it can, and refuses nothing that would run."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from taxiway.errors import Invalid
from taxiway.functions.found import FoundFunctions
from taxiway.functions.model import SOURCE_LIMIT, FileFunctions
from taxiway.functions.parse import functions_of
from taxiway.git.policy import TreeLimits
from taxiway.git.trees import FILE, LINK, SUBMODULE, TreeEntry, object_id
from taxiway.release.catalogue import SourceCatalogue
from taxiway.release.check import check
from taxiway.release.findings import Finding, errors_of, finding_of, notes_of, refuse
from taxiway.release.tree import Tree
from taxiway.storage.cache import Cache
from taxiway.workflow.models import Task, Workflow

Files = Mapping[str, str | bytes]
URL = "https://example.com/ml.git"


def git(script: str = "a.py", function: str = "f", name: str = "one", **fields: Any) -> Task:
    return Task(name, script_path=script, function_name=function, **fields)


def flow(*tasks: Task, **fields: Any) -> Workflow:
    return Workflow("w", "w", git_repository=URL, tasks=tasks, **fields)


def tree_of(files: Files, **more: Any) -> Tree:
    entries = {}
    for path, content in files.items():
        data = content.encode() if isinstance(content, str) else content
        entries[path] = TreeEntry(path, FILE, object_id(b"blob", data), len(data))
    return Tree({**entries, **more.pop("entries", {})}, **more)


@pytest.fixture
def found(tmp_path: Path) -> Any:
    """What the check says; files are parsed here, because these are no strangers'."""

    def parse(sources: Mapping[str, bytes]) -> dict[str, FileFunctions]:
        return {path: functions_of(source, path) for path, source in sources.items()}

    def run(files: Files, workflow: Workflow, tree: Tree | None = None, **more: Any) -> list[Any]:
        def read(path: str) -> bytes | None:
            content = files.get(path)
            return content.encode() if isinstance(content, str) else content

        tree = tree or tree_of(files)
        catalogue = SourceCatalogue(workflow, tree, read, FoundFunctions(Cache(tmp_path), parse))
        return check(workflow, tree, catalogue, limits=more.pop("limits", TreeLimits()), **more)

    return run


def told(findings: list[Finding]) -> list[tuple[str, str]]:
    assert all(finding.hint for finding in findings)
    return [(finding.code, finding.place) for finding in findings]


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
    "globals()['f'] = print",
    "def __getattr__(name): ...",
    "# -*- coding: latin-1 -*-\ndef f(): ...",
    "\ufeffdef f(): ...",
]


@pytest.mark.parametrize("source", RUNS)
def test_what_would_run_is_never_refused(source: str, found: Any) -> None:
    assert found({"a.py": source}, flow(git())) == []


@pytest.mark.parametrize("source", ["", "def g(): ...", "def g():\n    f = 1"])
def test_a_function_that_is_not_there_is_told_with_those_that_are(source: str, found: Any) -> None:
    [finding] = found({"a.py": source}, flow(git()))
    assert (finding.code, finding.pointer) == ("function-not-found", "/tasks/one/function_name")
    assert (finding.severity, finding.task, finding.file) == ("error", "one", "a.py")


def test_the_nearest_function_is_named(found: Any) -> None:
    files = {"src/train.py": "def train_model(): ...\ndef other(): ...\n"}
    [finding] = found(files, flow(git("src/train.py", "train_modle")))
    assert finding.message == (
        "no function `train_modle` in src/train.py; did you mean `train_model`?"
    )
    assert finding.hint == ("did you mean `train_model`? src/train.py has: train_model, other.")


@pytest.mark.parametrize(
    ("source", "owner"),
    [("def g():\n    def f(): ...", "g"), ("class A:\n    def f(self): ...", "A")],
)
def test_a_function_inside_of_something_cannot_be_called(
    source: str, owner: str, found: Any
) -> None:
    [finding] = found({"a.py": source}, flow(git()))
    assert finding.code == "function-not-top-level"
    assert f"`{owner}`" in finding.message


def test_classes_and_generators_are_noted_and_async_functions_run(found: Any) -> None:
    source = (
        "class Model: ...\ndef rows():\n    yield 1\nasync def stream():\n    yield 1\n"
        "async def fetch(): ...\n"
    )
    tasks = [git("a.py", name, name) for name in ("Model", "rows", "stream", "fetch")]
    findings = found({"a.py": source}, flow(*tasks))
    assert [(f.severity, f.code, f.task, f.line) for f in findings] == [
        ("warning", "function-is-class", "Model", None),
        ("warning", "function-is-generator", "rows", 2),
        ("warning", "function-is-generator", "stream", 4),
    ]
    assert len(notes_of(findings)) == 3
    refuse("w", findings)


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
    ("def f(y=1): ...", {"x": 1}, False),
    ("def f(*args): ...", {"x": 1}, False),
    ("def f(context): ...", {"context": 1}, False),
    ("def f(**context): ...", {"context": 1}, False),
    ("class K(TypedDict):\n    y: int\ndef f(**kw: Unpack[K]): ...", {"x": 1}, False),
]


@pytest.mark.parametrize(("source", "params", "fits"), SIGNATURES)
def test_params_have_to_be_taken(
    source: str, params: dict[str, Any], fits: bool, found: Any
) -> None:
    source = f"from typing import TypedDict, Unpack\n{source}"
    findings = told(found({"a.py": source}, flow(git(params=params))))
    wanted = [("param-not-taken", f"/tasks/one/params/{next(iter(params), '')}")]
    assert findings == ([] if fits else wanted)


def test_a_param_that_only_kwargs_take_may_be_misspelled(found: Any) -> None:
    source = "def f(epochs=1, rate=0.1, **kw): ...\n"
    [finding] = found({"a.py": source}, flow(git(params={"epoch": 3, "depth": 2, "rate": 0.2})))
    assert (finding.severity, finding.code) == ("warning", "param-maybe-misspelled")
    assert "did you mean `epochs`?" in finding.hint
    assert found({"a.py": source}, flow(git(params={"epoch": 3, "epochs": 4}))) == []
    [wrong] = found({"a.py": "def f(epochs=1): ...\n"}, flow(git(params={"epoch": 3})))
    assert wrong.message == "f does not take the param epoch; did you mean `epochs`?"


TYPES = [
    ("x: int", "1", False),
    ("x: int", 1, True),
    ("x: int", 1.5, False),
    ("x: int", True, False),
    ("x: float", 1, True),
    ("x: str", None, False),
    ("x: str | None", None, True),
    ("x: int = None", None, True),
    ("x: list[int]", [1, "b"], False),
    ("x: dict[str, float]", {"a": 1}, True),
    ("x: dict[str, float]", {"a": "1"}, False),
    ('x: Literal["l1", "l2"]', "l3", False),
    ("x: Colour", "red", True),
    ("x: Colour", "rot", False),
    ("x: Settings", {"depth": 3}, True),
    ("x: Settings", {"depth": 3, "width": 1}, False),
    ("x: Settings", {}, False),
    ("x: tuple[int, str]", [1, "a"], True),
    ("x: tuple[int, str]", [1], False),
    ("x: date", "2026-01-31", True),
    ("x: date", "2026-02-31", False),
    ("x: numpy.ndarray", "anything", True),
    ("**kw: int", "1", False),
    ("**kw: int", 1, True),
]


@pytest.mark.parametrize(("parameter", "value", "fits"), TYPES)
def test_values_have_the_type_that_is_annotated(
    parameter: str, value: Any, fits: bool, found: Any
) -> None:
    source = (
        "from dataclasses import dataclass\nfrom datetime import date\nfrom enum import Enum\n"
        "from typing import Literal\nimport numpy\n"
        "class Colour(Enum):\n    RED = 'red'\n"
        "@dataclass\nclass Settings:\n    depth: int\n"
        f"def f({parameter}): ...\n"
    )
    findings = found({"a.py": source}, flow(git(params={"x": value})))
    assert told(findings) == ([] if fits else [("param-type", "/tasks/one/params/x")])
    assert all(finding.is_error and finding.line == 11 for finding in findings)


def test_a_param_that_nothing_gives_stops_what_a_schedule_starts(found: Any) -> None:
    files = {"a.py": "def f(context, a, b=1, *, c, d=2): ...\n"}
    by_hand = found(files, flow(git(params={"c": 1})))
    assert [(f.severity, f.code) for f in by_hand] == [("warning", "param-missing")]
    assert notes_of(by_hand) == [
        "f of the task one needs a, and nothing gives it. Give it at each run, or in the params "
        "of one."
    ]
    scheduled = found(files, flow(git(params={"c": 1}), schedule="@daily"))
    assert [(f.severity, f.code) for f in scheduled] == [("error", "param-missing")]


def test_a_parameter_named_like_an_upstream_task_gets_its_value(found: Any) -> None:
    files = {"a.py": "def load(): ...\ndef train(load): ...\ndef report(load, train): ...\n"}
    load, train = git("a.py", "load", "load"), git("a.py", "train", "train", dependencies=("load",))
    report = git("a.py", "report", "report", dependencies=("train",))
    assert found(files, flow(load, train, report, schedule="@daily")) == []
    alone = git("a.py", "train", "train")
    [finding] = found(files, flow(load, alone, schedule="@daily"))
    assert finding.code == "param-missing"
    assert finding.hint == "Add load to the dependencies of train, and it gets that task's value."


def test_inputs_name_upstream_tasks(found: Any) -> None:
    files = {"a.py": "def f(): ...\ndef g(model, acc): ...\n"}
    inputs = {"model": "train", "acc": "train.metrics.accuracy"}
    train = git(name="train")
    after = git(function="g", name="g", dependencies=("train",), inputs=inputs)
    assert found(files, flow(train, after, schedule="@daily")) == []
    before = git(function="g", name="g", inputs={"model": "train", "acc": "trian.x"})
    assert told(found(files, flow(train, before))) == [
        ("input-not-upstream", "/tasks/g/inputs/model"),
        ("input-not-upstream", "/tasks/g/inputs/acc"),
    ]
    unknown = git(function="g", name="g", dependencies=("train",), inputs={**inputs, "x": "train"})
    assert told(found(files, flow(train, unknown))) == [
        ("param-not-taken", "/tasks/g/inputs/x"),
    ]


def test_pulls_name_upstream_tasks(found: Any) -> None:
    pull = "    context['ti'].xcom_pull(task_ids="
    files = {"a.py": f"def f(): ...\ndef g(context):\n{pull}'load')\n{pull}'laod')\n"}
    load, other = git(name="load"), git(name="other")
    after = git(function="g", name="g", dependencies=("load",))
    [finding] = found(files, flow(load, after))
    assert (finding.severity, finding.code) == ("warning", "pull-not-upstream")
    assert finding.hint == "did you mean `load`?"
    [first, _] = found(files, flow(load, other, git(function="g", name="g")))
    assert first.hint == "Add load to the dependencies of g."


def test_what_a_task_is_run_for_one_by_one_is_checked_element_by_element(found: Any) -> None:
    files = {"a.py": "def f(): ...\ndef g(seed: int, row): ...\n"}
    rows = git(name="rows")
    good = git(
        function="g", name="g", dependencies=("rows",), expand={"seed": [1, 2], "row": "rows"}
    )
    assert found(files, flow(rows, good, schedule="@daily")) == []
    bad = git(function="g", name="g", expand={"seed": [1, "two"], "row": "rows", "x": [1]})
    assert told(found(files, flow(rows, bad))) == [
        ("input-not-upstream", "/tasks/g/expand/row"),
        ("param-not-taken", "/tasks/g/expand/x"),
        ("param-type", "/tasks/g/expand/seed"),
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
def test_inline_code_is_one_function_as_the_runner_chooses_it(
    source: str, fits: bool, found: Any
) -> None:
    wanted = [("inline-not-one-function", "/tasks/one/python_callable")]
    assert told(found({}, flow(Task("one", python_callable=source)))) == ([] if fits else wanted)


def test_inline_code_is_checked_like_any_other(found: Any) -> None:
    source = "def one(n: int, **kw):\n    yield n\n"
    task = Task("one", python_callable=source, params={"n": "many"})
    assert [(f.code, f.file, f.line) for f in found({}, flow(task))] == [
        ("function-is-generator", None, 1),
        ("param-type", None, 1),
    ]


def test_graph_schedule_and_time_zone_are_checked(found: Any) -> None:
    tasks = (
        Task("a", python_callable="def a(): ...", dependencies=("b",)),
        Task("b", python_callable="def b(): ...", dependencies=("a", "lod")),
        Task("load", python_callable="def load(): ..."),
    )
    workflow = flow(*tasks, schedule="* * * * * *", timezone="Europe/Berlln")
    findings = found({}, workflow)
    assert told(findings) == [
        ("dependency-unknown", "/tasks/b/dependencies"),
        ("dependency-cycle", "/tasks/a/dependencies"),
        ("timezone-unknown", "/timezone"),
        ("schedule-refused", "/schedule"),
    ]
    assert findings[0].hint == "did you mean `load`?"
    assert told(found({}, flow())) == [("workflow-has-no-tasks", "/tasks")]


def test_links_sizes_and_what_cannot_be_resolved_are_told_with_their_files(found: Any) -> None:
    targets = {"out": "/etc", "up": "../../x", "gone": "missing.txt", "good": "a.py", "dir": "pkg"}
    targets["pkg/round"] = "round"
    entries = {path: TreeEntry(path, LINK, "0" * 40, 1) for path in targets}
    entries["sub"] = TreeEntry("sub", SUBMODULE, "0" * 40, None)
    files = {"a.py": "def f(): ...", "pkg/b.py": "x" * 40}
    fault = Finding("error", "submodule-not-named", "sub", "Commit .gitmodules.", file="sub")
    tree = tree_of(
        files, entries=entries, links=targets, faults=(fault,), lfs={"model.bin": 10**12}
    )
    limits = TreeLimits(file_bytes=30, total_bytes=50)
    findings = found(files, flow(git()), tree, limits=limits)
    assert [(f.severity, f.code, f.file) for f in findings] == [
        ("error", "link-leaves-tree", "out"),
        ("error", "link-leaves-tree", "up"),
        ("warning", "link-dangling", "gone"),
        ("warning", "link-dangling", "pkg/round"),
        ("error", "submodule-not-named", "sub"),
        ("error", "file-too-large", "pkg/b.py"),
        ("error", "tree-too-large", None),
        ("error", "lfs-too-large", None),
    ]


def test_all_problems_are_told_at_once_each_with_its_place(found: Any) -> None:
    files = {
        "a.py": "def f(): ...",
        "b.py": "x = 1\ndef f(:",
        "big.py": b"#" * (SOURCE_LIMIT + 1),
        "n.ipynb": "{}",
    }
    link = {"link.py": TreeEntry("link.py", LINK, "0" * 40, 4)}
    tree = tree_of(files, entries=link, links={"link.py": "a.py"})
    tasks = (
        git("gone.py", name="t1"),
        git("link.py", name="t2"),
        git("big.py", name="t3"),
        git("b.py", name="t4"),
        git("a.py", "g", name="t5"),
        git("a.py", name="t6", params={"x": 1}),
        Task("t7", python_callable="x"),
        git("n.ipynb", name="t8"),
    )
    packages = finding_of(Invalid("requirements-refused", "two lines", problems=[]))
    findings = found(files, flow(*tasks), tree, packages=packages)
    assert dict(told(errors_of(findings)[:-1])) == {
        "script-not-found": "/tasks/t1/script_path",
        "path-is-link": "/tasks/t2/script_path",
        "script-too-large": "/tasks/t3/function_name",
        "script-not-python": "/tasks/t4/function_name",
        "function-not-found": "/tasks/t5/function_name",
        "param-not-taken": "/tasks/t6/params/x",
        "inline-not-one-function": "/tasks/t7/python_callable",
        "notebook-refused": "/tasks/t8/function_name",
    }
    assert findings[-1].code == "requirements-refused"
    assert (findings[3].file, findings[3].line) == ("b.py", 2)


def test_a_script_that_lfs_keeps_is_not_read(found: Any) -> None:
    files = {"a.py": "version https://git-lfs.github.com/spec/v1\n"}
    [finding] = found(files, flow(git()), tree_of(files, lfs={"a.py": 100}))
    assert (finding.severity, finding.code) == ("warning", "script-kept-by-lfs")


def test_a_script_that_lies_elsewhere_is_named(found: Any) -> None:
    files = {"src/models/train.py": "def f(): ...", "src/other.py": ""}
    [finding] = found(files, flow(git("train.py")))
    assert "did you mean `src/models/train.py`?" in finding.message
    [finding] = found(files, flow(git("src/othr.py")))
    assert "did you mean `src/other.py`?" in finding.hint


def test_one_problem_keeps_its_code_and_several_share_one(found: Any) -> None:
    findings = found({}, flow(git("gone.py"), git("lost.py", name="two")))
    refuse("w", [])
    with pytest.raises(Invalid) as one:
        refuse("w", findings[:1])
    assert one.value.code == "script-not-found"
    with pytest.raises(Invalid) as both:
        refuse("w", findings)
    assert (both.value.code, len(both.value.problems)) == ("deploy-check-failed", 2)
    assert both.value.context["findings"][0]["severity"] == "error"


def test_a_git_task_without_a_repository_is_refused(tmp_path: Path) -> None:
    workflow = Workflow("w", "w", tasks=(git("a.py"),))
    catalogue = SourceCatalogue(workflow, None, lambda path: None, FoundFunctions(Cache(tmp_path)))
    findings = check(workflow, None, catalogue, limits=TreeLimits())
    assert [finding.code for finding in findings] == ["repository-missing"]


@pytest.mark.integration
def test_a_hostile_file_costs_little_and_hides_no_other(tmp_path: Path) -> None:
    mark = tmp_path / "executed"
    files: dict[str, bytes] = {
        "deep.py": b"(" * 200_000 + b")" * 200_000,
        "nul.py": b"def f(): ...\x00",
        "latin.py": b"x = '\xff'\ndef f(): ...",
        "runs.py": f"open({str(mark)!r}, 'w')\ndef f(x=print('!')): ...".encode(),
    }
    workflow = flow(*(git(name, name=name[:-3]) for name in files), git("gone.py", name="gone"))
    tree = tree_of(files)
    catalogue = SourceCatalogue(workflow, tree, files.get, FoundFunctions(Cache(tmp_path)))
    findings = check(workflow, tree, catalogue, limits=TreeLimits())
    assert [(finding.task, finding.severity) for finding in findings] == [
        *((name, "error") for name in ("deep", "nul", "latin", "gone")),
    ]
    assert not mark.exists()


def test_a_chain_of_a_thousand_tasks_is_checked_in_a_moment(found: Any) -> None:
    tasks = [
        git(name=f"t{number}", dependencies=(f"t{number - 1}",) if number else ())
        for number in range(1000)
    ]
    began = time.process_time()
    assert found({"a.py": "def f(t0=None): ...\n"}, flow(*tasks)) == []
    assert time.process_time() - began < 5
