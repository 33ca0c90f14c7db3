"""The deploy check through the HTTP door: alone, inside a deploy, and for the params of runs."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.integration

FILES = {
    "src/train.py": "def train_model(context, epochs: int = 1):\n    return epochs\n",
    "src/evaluate.py": "def evaluate(train_model, threshold: float):\n    return threshold\n",
}


def git_workflow(live: Any, files: dict[str, str], **fields: Any) -> Any:
    origin = live.repository(files)
    return origin, live.workflow(git_repository=origin.url, **fields)


def test_a_sound_workflow_passes_and_warnings_become_notes_of_the_release(live: Any) -> None:
    origin, made = git_workflow(live, FILES)
    live.task(made, "train_model", script_path="src/train.py", function_name="train_model")
    live.task(
        made,
        "evaluate",
        script_path="src/evaluate.py",
        function_name="evaluate",
        dependencies=["train_model"],
    )
    found = live.post(f"/workflows/{made['id']}/check", status=200)
    assert (found["ok"], found["commit"]) == (True, origin.git("rev-parse", "HEAD"))
    [problem] = found["problems"]
    assert (problem["severity"], problem["code"]) == ("warning", "param-missing")
    assert (problem["task"], problem["file"], problem["line"]) == ("evaluate", "src/evaluate.py", 1)
    assert live.get(f"/workflows/{made['id']}/releases")["total"] == 0
    release = live.deploy(made)
    assert any(problem["message"] in note for note in release["notes"])
    refused = live.post(f"/workflows/{made['id']}/runs", {}, 422)
    assert (refused["code"], refused["errors"][0]["pointer"]) == (
        *("param-missing", "/params/evaluate"),
    )
    wrong = {"params": {"evaluate": {"threshold": "high"}, "train_modle": {}}}
    refused = live.post(f"/workflows/{made['id']}/runs", wrong, 422)
    assert refused["code"] == "params-refused"
    assert [error["code"] for error in refused["errors"]] == ["task-not-found", "param-type"]
    assert "did you mean `train_model`?" in refused["errors"][0]["hint"]
    assert live.trigger(made, params={"evaluate": {"threshold": 0.5}})["release"] == 1


def test_everything_is_told_at_once_and_stops_the_deploy(live: Any) -> None:
    files = {**FILES, "requirements.txt": "numpy\n-e git+https://example.com/x.git\n"}
    _, made = git_workflow(live, files, schedule="@daily")
    live.task(made, "one", script_path="src/train.py", function_name="train_modle")
    live.task(made, "two", script_path="src/train.py", function_name="train_model", params={"n": 1})
    live.task(
        made,
        "three",
        script_path="src/train.py",
        function_name="train_model",
        params={"epochs": "many"},
    )
    live.task(made, "four", python_callable="def four(rows):\n    yield rows\n")
    found = live.post(f"/workflows/{made['id']}/check", status=200)
    assert found["ok"] is False
    assert [(p["severity"], p["code"], p["task"], p["file"], p["line"]) for p in found["problems"]][
        :5
    ] == [
        ("error", "function-not-found", "one", "src/train.py", 1),
        ("error", "param-not-taken", "two", "src/train.py", 1),
        ("error", "param-type", "three", "src/train.py", 1),
        ("warning", "function-is-generator", "four", None, 1),
        ("error", "param-missing", "four", None, 1),
    ]
    assert found["problems"][0]["message"] == (
        "no function `train_modle` in src/train.py; did you mean `train_model`?"
    )
    last = found["problems"][-1]
    assert (last["file"], last["line"]) == ("requirements.txt", 2)
    body = live.deploy(made, status=422)
    assert body["code"] == "deploy-check-failed"
    assert [p["code"] for p in body["findings"]] == [p["code"] for p in found["problems"]]


def test_a_commit_that_cannot_be_read_is_one_finding_among_the_others(live: Any) -> None:
    _, made = git_workflow(live, FILES, git_branch="gone")
    live.task(made, "one", script_path="src/train.py", function_name="train_model")
    live.task(made, "two", python_callable="x = 1")
    found = live.post(f"/workflows/{made['id']}/check", status=200)
    assert (found["ok"], found["commit"]) == (False, None)
    assert [p["code"] for p in found["problems"]] == ["branch-not-found", "inline-not-one-function"]


def test_a_workflow_without_tasks_or_repository_is_told_so(live: Any) -> None:
    empty = live.workflow("empty")
    [problem] = live.post(f"/workflows/{empty['id']}/check", status=200)["problems"]
    assert problem["code"] == "workflow-has-no-tasks"
    lost = live.workflow("lost")
    live.task(lost, "train", script_path="a.py", function_name="f")
    [problem] = live.post(f"/workflows/{lost['id']}/check", status=200)["problems"]
    assert (problem["code"], problem["task"]) == ("repository-missing", "train")
    assert live.post("/workflows/none/check", status=404)["code"] == "workflow-not-found"


def test_links_and_sizes_are_checked_before_anything_is_sealed(start: Any) -> None:
    live = start(max_file_size=50)
    origin, made = git_workflow(live, {"a.py": "def f(): ...\n", "big.bin": "x" * 60})
    (origin.path / "out").symlink_to("/etc/passwd")
    origin.commit({})
    live.task(made, "one", script_path="a.py", function_name="f")
    found = live.post(f"/workflows/{made['id']}/check", status=200)
    assert [(p["code"], p["file"]) for p in found["problems"]] == [
        ("link-leaves-tree", "out"),
        ("file-too-large", "big.bin"),
    ]
    assert live.deploy(made, status=422)["code"] == "deploy-check-failed"


def test_submodules_and_lfs_pointers_have_to_be_resolved(live: Any) -> None:
    oid = "ab" * 32
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 12\n"
    modules = '[submodule "lib"]\n\tpath = lib\n\turl = ../gone\n'
    files = {
        "a.py": "def f(): ...\n",
        ".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n",
        "model.bin": pointer,
        ".gitmodules": modules,
    }
    origin, made = git_workflow(live, files)
    for name in ("lib", "stray"):
        origin.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},{name}")
    origin.git("commit", "-q", "-m", "Add submodules")
    live.task(made, "one", script_path="a.py", function_name="f")
    found = live.post(f"/workflows/{made['id']}/check", status=200)
    assert [(p["severity"], p["code"], p["file"]) for p in found["problems"]] == [
        ("error", "repository-not-found", "lib"),
        ("warning", "submodule-not-declared", "stray"),
        ("error", "lfs-object-missing", "model.bin"),
    ]
    place = origin.path / ".git/lfs/objects/ab/ab"
    place.mkdir(parents=True)
    (place / oid).write_text("x" * 12)
    problems = live.post(f"/workflows/{made['id']}/check", status=200)["problems"]
    assert [p["code"] for p in problems] == ["repository-not-found", "submodule-not-declared"]


def test_a_draft_is_checked_as_if_it_was_saved_and_nothing_of_it_is_kept(live: Any) -> None:
    origin = live.repository({"src/train.py": "def train(epochs: int): ...\n"})
    made = live.workflow(git_repository=origin.url)
    live.task(made, "load")
    path = f"/workflows/{made['id']}"
    before = (live.get(path), live.get(f"/tasks?workflow_id={made['id']}"), live.get("/audit"))

    def check(**draft: Any) -> Any:
        return live.post(f"{path}/check", draft, status=200)

    task = {"name": "train", "script_path": "src/train.py", "function_name": "trian"}
    found = check(tasks=[task])
    [problem] = found["problems"]
    assert (problem["code"], problem["task"]) == ("function-not-found", "train")
    origin.commit({"src/train.py": "def trian(): ...\n"})
    assert check(tasks=[task], commit=found["commit"])["problems"] == [problem]
    assert check(tasks=[task])["ok"]
    inline = {"name": "a", "python_callable": "def a(context, rows: int = 2): ..."}
    taken = check(tasks=[task, inline])["params_schemas"]
    assert list(taken) == ["a"]
    assert taken["a"]["properties"] == {"rows": {"type": "integer", "default": 2}}
    circle = [
        {"name": "a", "python_callable": "def a(): ...", "dependencies": ["b"]},
        {"name": "b", "python_callable": "def b(): ...", "dependencies": ["a", "gone"]},
    ]
    problems = check(tasks=circle)["problems"]
    assert {p["code"] for p in problems} == {"dependency-cycle", "dependency-unknown"}
    assert ("b", "/tasks/b/dependencies/1") in {(p["task"], p["pointer"]) for p in problems}
    wrong = check(workflow={"git_update_policy": "pinned"})["problems"]
    assert [p["code"] for p in wrong] == ["commit-required"]
    unread = check(
        workflow={"schedule": "61 * * * *", "gone": 1}, tasks=[{"name": "a", "retry_count": -1}]
    )["problems"]
    assert {(p["code"], p["pointer"], p["task"]) for p in unread} == {
        ("schedule-refused", "/schedule", None),
        ("field-unknown", "/gone", None),
        ("field-range", "/tasks/a/retry_count", "a"),
    }
    assert check(workflow={"git_branch": "none"})["problems"][0]["code"] == "branch-not-found"
    after = (live.get(path), live.get(f"/tasks?workflow_id={made['id']}"), live.get("/audit"))
    assert after == before
