"""Which commit a deploy takes, from which folder, and what many workflows of one repository share."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from taxiway.git import transfer

pytestmark = pytest.mark.integration

TRAIN = "def train_model(context, epochs=1, **kwargs):\n    return epochs\n"


def made(
    live: Any, origin: Any, name: str = "digits", path: str = "train.py", **fields: Any
) -> Any:
    workflow = live.workflow(name, git_repository=origin.url, **fields)
    live.task(workflow, "train_model", script_path=path, function_name="train_model")
    return workflow


def deployed(live: Any, workflow: Any, body: Any = None, status: int = 200) -> Any:
    return live.post(f"/workflows/{workflow['id']}/deploy", body, status)


def test_a_release_tells_the_branch_or_the_tag_that_led_to_its_commit(live: Any) -> None:
    origin = live.repository({"train.py": TRAIN})
    first = origin.git("rev-parse", "HEAD")
    origin.git("tag", "-a", "v1", "-m", "v1")
    origin.git("branch", "in/main", first)
    head = origin.commit({"train.py": TRAIN + "# 2\n"})
    origin.git("tag", "main", first)
    workflow = made(live, origin)
    taken = deployed(live, workflow)
    assert (taken["commit"], taken["ref"]) == (head, "refs/heads/main")
    for branch, ref in (
        ("v1", "refs/tags/v1"),
        ("refs/tags/main", "refs/tags/main"),
        ("in/main", "refs/heads/in/main"),
    ):
        live.patch(workflow, git_branch=branch)
        taken = deployed(live, workflow)
        assert (taken["commit"], taken["ref"]) == (first, ref)
    number = taken["number"]
    assert live.get(f"/workflows/{workflow['id']}/releases/{number}")["ref"] == "refs/heads/in/main"
    live.patch(workflow, git_branch="gone")
    assert deployed(live, workflow, status=404)["code"] == "branch-not-found"


def test_a_deploy_may_name_what_it_takes_this_once(live: Any) -> None:
    origin = live.repository({"train.py": TRAIN})
    first = origin.git("rev-parse", "HEAD")
    origin.git("tag", "v1")
    second = origin.commit({"train.py": TRAIN + "# 2\n"})
    origin.git("tag", "main", first)
    workflow = made(live, origin)
    for ref, commit, led in (
        ("v1", first, "refs/tags/v1"),
        (second[:9], second, "refs/heads/main"),
        (first, first, "refs/heads/main"),
        ("refs/tags/main", first, "refs/tags/main"),
    ):
        taken = deployed(live, workflow, {"ref": ref})
        assert (taken["commit"], taken["ref"]) == (commit, led)
    assert live.get(f"/workflows/{workflow['id']}")["git_update_policy"] == "on_deploy"
    assert deployed(live, workflow)["commit"] == second
    assert deployed(live, workflow, {"ref": "main"}, 422)["code"] == "ref-ambiguous"
    assert deployed(live, workflow, {"ref": "nothing"}, 404)["code"] == "ref-not-found"
    for hostile in ("--upload-pack=x", "a..b", "main^{tree}"):
        assert deployed(live, workflow, {"ref": hostile}, 422)["errors"][0]["code"] == "ref-invalid"


def test_a_commit_that_is_on_no_branch_is_taken_only_on_the_record(live: Any) -> None:
    origin = live.repository({"train.py": TRAIN})
    origin.git("switch", "-q", "-c", "aside")
    stray = origin.commit({"train.py": TRAIN + "# aside\n"})
    workflow = made(live, origin, git_commit_sha=stray)
    refused = deployed(live, workflow, status=422)
    assert refused["code"] == "commit-not-on-branch" and "allow_unreachable" in refused["hint"]
    taken = deployed(live, workflow, {"allow_unreachable": True})
    assert (taken["commit"], taken["ref"]) == (stray, None)
    lines = live.get(f"/audit?action=workflow.deploy&subject_id={workflow['id']}")["items"]
    assert [line["after"].get("allow_unreachable") for line in lines] == [True, None]


def test_a_folder_is_the_workflows_own_root(live: Any) -> None:
    files = {"ml/train.py": TRAIN, "ml/lib/a.py": "a = 1\n", "web/index.html": "x", "train.py": ""}
    origin = live.repository(files)
    workflow = made(live, origin, git_subdirectory="ml/")
    assert workflow["git_subdirectory"] == "ml"
    first = deployed(live, workflow)
    assert first["tree"] == origin.git("rev-parse", "HEAD:ml")
    second_commit = origin.commit({"web/index.html": "y"})
    second = deployed(live, workflow)
    assert (second["commit"], second["tree"]) == (second_commit, first["tree"])
    assert second["digest"] == first["digest"] and second["unchanged"]
    assert len(list(live.storage.names("snapshots"))) == 1
    origin.commit({"ml/train.py": TRAIN + "# more\n"})
    assert deployed(live, workflow)["tree"] != first["tree"]
    live.patch(workflow, git_subdirectory="nothing")
    assert "git_subdirectory" in live.get(f"/workflows/{workflow['id']}")["undeployed_changes"]
    assert deployed(live, workflow, status=404)["code"] == "folder-not-found"
    for hostile in ("../etc", "/etc", "a//b", "a\tb"):
        answer = live.client.patch(
            f"/api/v1/workflows/{workflow['id']}", json={"git_subdirectory": hostile}
        )
        assert answer.status_code == 422 and answer.json()["errors"][0]["code"] == "path-invalid"
    assert live.patch(workflow, git_subdirectory="")["git_subdirectory"] is None


def test_ten_workflows_at_one_commit_cost_one_fetch_one_snapshot_one_environment(
    live: Any, shared_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = live.repository({"train.py": TRAIN, "note": str(live.origins)})
    workflows = [made(live, origin, f"flow {number}") for number in range(10)]
    fetches: list[Any] = []
    fetch = transfer.fetch

    def counted(arguments: Any, *rest: Any, **named: Any) -> Any:
        fetches.append(arguments)
        return fetch(arguments, *rest, **named)

    monkeypatch.setattr(transfer, "fetch", counted)
    before = {kind: entries(shared_cache, kind) for kind in ("snapshots", "environments")}
    with ThreadPoolExecutor(10) as pool:
        releases = list(pool.map(lambda workflow: deployed(live, workflow), workflows))
    assert len({release["tree"] for release in releases}) == 1
    assert len(fetches) == 1, fetches
    assert entries(shared_cache, "snapshots") - before["snapshots"] == {releases[0]["tree"]}
    assert len(entries(shared_cache, "environments") - before["environments"]) <= 1
    for folder in ("snapshots", "layers", "locks"):
        assert len(list(live.storage.names(folder))) == 1, folder


def entries(cache: Path, kind: str) -> set[str]:
    folder = cache / kind
    return {path.name for path in folder.iterdir()} if folder.exists() else set()
