from __future__ import annotations

import ast
import json
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxiway.errors import Invalid
from taxiway.release import render as render_module
from taxiway.release.model import Release
from taxiway.release.render import render
from taxiway.release.skeleton import NotTheSkeleton
from taxiway.workflow.models import Task, Workflow

GOLDEN = Path(__file__).parent / "golden"
NOON = "2026-03-01T12:00:00+00:00"

any_text = st.text(st.characters(codec=None), max_size=60)  # surrogates and NUL too
hostile_text = st.one_of(
    any_text,
    st.sampled_from(
        [
            "'''",
            "''",
            "'",
            '"""',
            "\\",
            "\\'''",
            "'''\nimport os\nr'''",
            "{{ var.value.secret }}",
            "{% raw %}",
            "leak.md",
            "\r\n\x00\x7f\u2028",
            "coding: utf-7 +AAo-import os",
            "\N{SNOWMAN} \\N{SNOWMAN} \\x41 \ud800",
            "# -*- coding: utf-16 -*-",
        ]
    ),
)
any_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | hostile_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(hostile_text, inner, max_size=3),
    max_leaves=6,
)


def a_release(*tasks: Task, **fields: Any) -> Release:
    workflow = Workflow(
        **{"name": "git_ml_pipeline", "dag_id": "git_ml_pipeline", "tasks": tasks} | fields
    )
    return Release(
        workflow_id="85ac11db-26dc-4e29-a21d-4eff129f8dc1",
        workflow=workflow,
        commit="a" * 40,
        tree="b" * 40,
        lock="c" * 64,
        python="3.11",
    )


def mixed_release(**fields: Any) -> Release:
    """What the first users deployed: one Git task, one inline task after it."""
    train = Task(
        "train_model",
        script_path="src/train.py",
        function_name="train_model",
        params={"epochs": 100, "batch_size": 32},
        retry_count=2,
        retry_delay=600,
    )
    evaluate = Task(
        "evaluate_model",
        python_callable="def evaluate_model():\n    print('Evaluating...')",
        dependencies=("train_model",),
    )
    repository = "https://github.com/your-org/ml-training-repo.git"
    return a_release(
        train, evaluate, **{"git_repository": repository, "git_branch": "main"} | fields
    )


def data_of(source: bytes) -> dict[str, Any]:
    """The file's data, read as Python reads it."""
    for node in ast.parse(source).body:
        match node:
            case ast.Assign(
                targets=[ast.Name("WORKFLOW")], value=ast.Call(args=[ast.Constant(str(text))])
            ):
                return dict(json.loads(text))
    raise AssertionError("no WORKFLOW in the file")


def constant_of(source: bytes, name: str) -> Any:
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return ast.literal_eval(node.value)
    raise AssertionError(f"no {name} in the file")


def test_the_mixed_workflow_is_the_golden_file() -> None:
    source = render(
        mixed_release(description="ML Pipeline from Git", schedule="@daily"), schedule_from=NOON
    ).source
    golden = GOLDEN / "git_ml_pipeline.py"
    assert source.decode() == golden.read_text(), f"{golden} differs from what is rendered now"


def test_the_file_shows_what_its_author_was_promised() -> None:
    text = render(mixed_release(), schedule_from=None).source.decode()
    assert "\nGIT_REPOSITORY = 'https://github.com/your-org/ml-training-repo.git'\n" in text
    assert "\nGIT_BRANCH = 'main'\n" in text
    assert "\ndef execute_git_task(" in text
    assert "# Git-based task: executes function from Git repository\n    train_model = " in text
    assert "# Inline code task: executes Python code directly\n    evaluate_model = " in text
    assert "\n    train_model >> evaluate_model\n" in text


def test_an_inline_only_file_leaves_git_out() -> None:
    inline = Task("report", python_callable="def report():\n    return 1\n")
    text = render(a_release(inline), schedule_from=None).source.decode()
    for word in ("GIT_", "execute_git_task", "git_task", "Git-based"):
        assert word not in text
    assert "report = inline_task(WORKFLOW, 'report')" in text


def test_a_file_without_inline_tasks_imports_nothing_for_them() -> None:
    train = Task("train", script_path="t.py", function_name="f")
    text = render(a_release(train, git_repository="https://h/r"), schedule_from=None).source
    assert b"inline" not in text.lower()


def test_edges_follow_the_tasks_and_stand_once_each() -> None:
    code = "def f():\n    pass"
    tasks = (
        Task("d", python_callable=code, dependencies=("c", "b", "c")),
        Task("a", python_callable=code),
        Task("b-2", python_callable=code, dependencies=("a",)),
        Task("b", python_callable=code, dependencies=("a",)),
        Task("c", python_callable=code, dependencies=("a", "b-2")),
    )
    text = render(a_release(*tasks), schedule_from=None).source.decode()
    edges = [line.strip() for line in text.splitlines() if " >> " in line]
    assert edges == ["c >> d", "b >> d", "a >> b_2_1", "a >> b", "a >> c", "b_2_1 >> c"]


@pytest.mark.parametrize(
    "name", ["json", "DAG", "WORKFLOW", "class", "GIT_BRANCH", "dag_arguments"]
)
def test_a_task_cannot_take_a_name_of_the_file(name: str) -> None:
    task = Task(name, script_path="t.py", function_name="f")
    text = render(a_release(task, git_repository="https://h/r"), schedule_from=None).source.decode()
    assert f"    {name}_1 = execute_git_task('{name}')" in text


def test_equal_input_gives_equal_bytes() -> None:
    first = mixed_release()
    task = replace(first.workflow.tasks[0], params={"batch_size": 32, "epochs": 100})
    other = replace(first, workflow=replace(first.workflow, tasks=(task, first.workflow.tasks[1])))
    assert render(first, schedule_from=NOON) == render(other, schedule_from=NOON)


@pytest.mark.parametrize(
    "change",
    [
        {"description": "other"},
        {"env": {"A": "1"}},
        {"git_branch": "dev"},
        {"max_active_runs": 2},
        {"requirements": "six"},
        {"schedule": "@hourly"},
    ],
)
def test_the_tag_differs_with_the_release(change: dict[str, Any]) -> None:
    before = render(mixed_release(schedule="@daily"), schedule_from=NOON)
    after = render(mixed_release(**{"schedule": "@daily"} | change), schedule_from=NOON)
    assert before.tag != after.tag and before.digest != after.digest
    assert after.tag.encode() in after.source


def test_the_tag_differs_with_the_schedule_alone() -> None:
    release = mixed_release(schedule="@daily")
    dags = [render(release, schedule_from=at) for at in (None, NOON, NOON.replace("12", "13"))]
    assert len({dag.tag for dag in dags}) == 3


def test_without_a_moment_to_begin_there_is_no_schedule() -> None:
    data = data_of(render(mixed_release(schedule="@daily"), schedule_from=None).source)
    assert data["schedule"] is None and data["schedule_from"] is None
    data = data_of(render(mixed_release(schedule="@daily"), schedule_from=NOON).source)
    assert (data["schedule"], data["schedule_from"]) == ("@daily", NOON)


def test_the_environment_of_a_task_is_not_shown() -> None:
    secret = Task("t", python_callable="def t():\n    pass", env={"PASSWORD": "hunter2"})
    assert (
        b"hunter2" not in render(a_release(secret, env={"A": "hunter2"}), schedule_from=None).source
    )


def test_a_time_out_is_ours_and_never_airflows() -> None:
    task = Task("t", python_callable="def t():\n    pass", timeout=5)
    source = render(a_release(task), schedule_from=None).source
    assert b"execution_timeout" not in source
    assert data_of(source)["tasks"]["t"]["timeout"] == 5


@given(text=hostile_text, params=st.dictionaries(hostile_text, any_json, max_size=3))
def test_whatever_a_user_writes_arrives_unchanged(text: str, params: dict[str, Any]) -> None:
    git = Task("g", script_path=text, function_name=text, params=params)
    inline = Task("i", python_callable=text, dependencies=("g",), pool=text or None)
    release = a_release(
        git, inline, name=text, description=text, git_repository=text or "x", git_branch=text
    )
    source = render(release, schedule_from=None).source
    assert source.isascii() and source.startswith(b"# -*- coding: utf-8 -*-\n")
    assert constant_of(source, "GIT_REPOSITORY") == (text or "x")
    assert constant_of(source, "GIT_BRANCH") == text
    data = data_of(source)
    assert data["name"] == data["description"] == text
    assert data["tasks"]["g"]["params"] == params
    assert data["tasks"]["g"]["script_path"] == text
    assert "\n".join(data["tasks"]["i"]["python_callable"]) == text


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("{{ repository }}", "'{{ task_names }}'"),
        ("{{ branch }}", "__import__('os').getcwd()"),
        ("return git_task(", "return print("),
        ("{{ upstream }} >> {{ downstream }}", "{{ downstream }} >> {{ upstream }}"),
        ("import json\n", "import json\nimport os\n"),
        ("# -*- coding: utf-8 -*-\n", "# -*- coding: utf-7 -*-\n"),
        ("{{ data }}", "{{ data }}''' + r'''"),
        ("    {{ task.variable }} = inline_task", "    {{ task.variable }}_ = inline_task"),
        ("    {{ task.variable }} = inline_task", "    {{ task.variable }} = x = inline_task"),
        ("inline_task(WORKFLOW, {{ task.literal }})", "inline_task(WORKFLOW, 'other')"),
        (
            "inline_task(WORKFLOW, {{ task.literal }})",
            "inline_task(WORKFLOW, {{ task.literal }}, x=1)",
        ),
        ("execute_git_task({{ task.literal }})", "execute_git_task({{ task.literal }}, 1)"),
        ("execute_git_task({{ task.literal }})", "execute_git_task(u{{ task.literal }})"),
        ("execute_git_task({{ task.literal }})", "execute_git_task({{ task.literal }}.strip())"),
        ("execute_git_task({{ task.literal }})", "print({{ task.literal }})"),
        ("{{ upstream }} >> {{ downstream }}", "{{ upstream }} << {{ downstream }}"),
        ("{{ upstream }} >> {{ downstream }}", "{{ upstream }} >> {{ downstream }}; print()"),
        ("{{ upstream }} >> {{ downstream }}", "pass"),
        ("with DAG(", "print()\nwith DAG("),
        ("with DAG(**dag_arguments(WORKFLOW)):", "with DAG(**dag_arguments(WORKFLOW)) as dag:"),
        ("with DAG(**dag_arguments(WORKFLOW)):", "with DAG(**print(WORKFLOW)):"),
        ("with DAG(**dag_arguments(WORKFLOW)):", "if DAG(**dag_arguments(WORKFLOW)):"),
        ("def execute_git_task(name):", "def execute_git_task(name=print()):"),
        ("def execute_git_task(name):", "@print\ndef execute_git_task(name):"),
        ("json.loads(r", "json.dumps(r"),
        ("GIT_BRANCH = {{ branch }}", ""),
    ],
)
def test_a_file_with_another_tree_never_leaves(
    good: str, bad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = render_module._TEMPLATE_TEXT
    assert good in text
    bad = bad.replace("{{ task_names }}", "x")
    template = render_module._ENVIRONMENT.from_string(text.replace(good, bad, 1))
    monkeypatch.setattr(render_module, "_TEMPLATE", template)
    with pytest.raises(NotTheSkeleton):
        render(mixed_release(), schedule_from=None)


@pytest.mark.parametrize(
    "literal",
    [
        "QQQ)\nprint()\nWORKFLOW = json.loads(rQQQ",
        "QQQ if print() else rQQQ",
        "{}QQQ)\nWORKFLOW = json.loads(rQQQ{}",
        "{}\nQQQ)\nwith DAG(**dag_arguments(WORKFLOW)):\n    print()\njson.loads(rQQQ",
    ],
)
def test_a_literal_that_ends_before_its_end_never_leaves(
    literal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(render_module, "raw_literal", lambda _: literal.replace("Q", "'"))
    with pytest.raises(NotTheSkeleton):
        render(mixed_release(), schedule_from=None)


@pytest.mark.parametrize("after", ["print()\n", "    print()\n"])
def test_nothing_may_follow(after: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = f"{render_module._TEMPLATE_TEXT}{after}"
    monkeypatch.setattr(render_module, "_TEMPLATE", render_module._ENVIRONMENT.from_string(text))
    with pytest.raises(NotTheSkeleton):
        render(mixed_release(), schedule_from=None)


def test_a_file_is_sealed_and_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What makes a thousand files cheap: their cost is one parse each."""
    calls: Counter[str] = Counter()

    def counted(kind: str, function: Any) -> Any:
        def count(*args: Any, **kwargs: Any) -> Any:
            calls[kind] += 1
            return function(*args, **kwargs)

        return count

    render(mixed_release(), schedule_from=None)  # what all files share is parsed once in all
    monkeypatch.setattr(ast, "parse", counted("parse", ast.parse))
    monkeypatch.setattr(ast, "dump", counted("dump", ast.dump))
    monkeypatch.setattr(Release, "to_bytes", counted("seal", Release.to_bytes))
    render(mixed_release(), schedule_from=None)
    assert calls == {"parse": 1, "seal": 1}


def test_a_workflow_without_tasks_is_refused() -> None:
    with pytest.raises(Invalid) as error:
        render(a_release(), schedule_from=None)
    assert error.value.code == "no-tasks"


@pytest.mark.parametrize(
    "tasks",
    [
        (Task("a b", python_callable="x"),),
        (Task("a", python_callable="x"), Task("a", python_callable="y")),
        (Task("a", python_callable="x", dependencies=("gone",)),),
    ],
)
def test_what_the_deploy_check_should_have_refused_is_refused(tasks: tuple[Task, ...]) -> None:
    with pytest.raises(Invalid) as error:
        render(a_release(*tasks), schedule_from=None)
    assert error.value.code == "not-renderable"


def test_a_hundred_workflows_of_ten_tasks_take_a_second_at_most() -> None:
    tasks = tuple(
        Task(
            f"t{n}", script_path="t.py", function_name="f", dependencies=(f"t{n - 1}",) if n else ()
        )
        for n in range(10)
    )
    release = a_release(*tasks, git_repository="https://h/r")
    started = time.process_time()
    for _ in range(100):
        render(release, schedule_from=None)
    assert time.process_time() - started < 1
