"""Releases beside each other: what the list says of each, and what two of them do differently."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from taxiway.environment.lock import Lock, Package, lock_key
from taxiway.release.model import Release
from taxiway.server.releases.changes import compare_packages
from taxiway.storage.store import Storage
from taxiway.workflow.models import Workflow

pytestmark = pytest.mark.integration

TRAIN = (
    "from lib import models\n\ndef train_model(context, epochs: int = 3, *, rate=0.1):\n    ...\n"
)
FILES = {
    "src/train.py": TRAIN,
    "src/lib/__init__.py": "",
    "src/lib/models.py": "FOREST = 1\n",
    "docs/notes.md": "one\n",
    "src/unused.py": "x = 1\n",
}


@pytest.fixture
def two(live: Any) -> tuple[Any, Any, list[str]]:
    """A workflow with two releases: code, params, graph and schedule were changed."""
    origin = live.repository(FILES)
    made = live.workflow(git_repository=origin.url)
    task = live.task(
        made,
        "train_model",
        script_path="src/train.py",
        function_name="train_model",
        params={"epochs": 3},
    )
    first = origin.git("rev-parse", "HEAD")
    live.deploy(made)
    second = origin.commit({"src/lib/models.py": "FOREST = 2\n"}, "Grow the forest\n\nA lot.")
    third = origin.commit(
        {
            "src/train.py": TRAIN.replace("rate=0.1", "rate"),
            "docs/notes.md": "two\n",
            "src/unused.py": "x = 2\n",
            "src/new.py": "",
        },
        "Ask for a rate",
    )
    live.task(made, "report", dependencies=["train_model"])
    change = {"params": {"epochs": 5, "rate": 0.2}}
    assert live.client.patch(f"/api/v1/tasks/{task['id']}", json=change).status_code == 200
    live.patch(made, schedule="@daily")
    body = {"message": "More epochs"}
    release = live.post(f"/workflows/{made['id']}/deploy", body, 200)
    assert release["commit"] == third
    return made, release, [first, second, third]


def test_the_list_tells_of_each_release_what_it_was_and_what_it_changed(
    live: Any, two: Any
) -> None:
    made, _, _ = two
    second, first = live.get(f"/workflows/{made['id']}/releases")["items"]
    assert (first["number"], first["changes"], first["is_current"]) == (1, None, False)
    assert (second["is_current"], second["message"]) == (True, "More epochs")
    assert second["deployed_by"]
    assert second["commit_message"] == "Ask for a rate\n"
    assert "@" in second["commit_author"]
    assert 0 <= second["commit_age"] < 600
    assert second["committed_at"] >= first["committed_at"]
    changes = second["changes"]
    assert changes["since"] == 1
    assert [(c["kind"], c["task"]) for c in changes["tasks"]] == [
        ("signature-broke", "train_model"),
        ("task-added", "report"),
    ]
    assert [c["field"] for c in changes["params"]] == [
        *("tasks.train_model.params.epochs", "tasks.train_model.params.rate"),
    ]
    assert [(c["before"], c["after"]) for c in changes["schedule"]] == [(None, "@daily")]
    assert changes["files"] == {"added": 1, "changed": 4, "removed": 0}
    assert changes["packages"] == {k: [] for k in ("added", "removed", "up", "down", "changed")}
    assert live.get(f"/workflows/{made['id']}/releases/2")["changes"] == changes


def test_two_releases_are_compared(live: Any, two: Any) -> None:
    made, _, (first, second, third) = two
    path = "releases/compare"
    found = live.get(f"/workflows/{made['id']}/{path}?base=1&head=2")
    assert (found["base"]["number"], found["head"]["number"]) == (1, 2)
    assert (found["base"]["commit"], found["head"]["commit"]) == (first, third)
    assert [(c["id"], c["subject"]) for c in found["commits"]] == [
        (third, "Ask for a rate"),
        (second, "Grow the forest"),
    ]
    assert found["commits_left"] == []
    kinds = {change["kind"]: change for change in found["workflow"]}
    assert kinds.keys() == {
        *("schedule-changed", "param-changed", "param-added", "signature-broke", "task-added"),
    }
    assert kinds["signature-broke"]["is_breaking"] is True
    assert "rate has to be given now" in kinds["signature-broke"]["text"]
    assert [(f["path"], f["status"]) for f in found["files"]] == [
        ("src/lib/models.py", "changed"),
        ("src/train.py", "changed"),
    ]
    assert "-FOREST = 1\n+FOREST = 2\n" in found["files"][0]["text"]
    assert (found["other_files"], found["notes"], found["identical"]) == (3, [], False)
    back = live.get(f"/workflows/{made['id']}/{path}?base=2&head=1")
    assert (back["commits"], [c["id"] for c in back["commits_left"]]) == ([], [third, second])
    assert back["workflow"][-1]["kind"] == "task-removed"
    assert live.get(f"/workflows/{made['id']}/compare") == found


def test_what_cannot_be_compared_is_told(live: Any, two: Any) -> None:
    made, _, _ = two
    path = f"/workflows/{made['id']}/releases/compare"
    assert live.get(f"{path}?base=1&head=9", 404)["code"] == "release-not-found"
    assert live.get(f"{path}?base=0", 422)["code"] == "field-range"
    same = live.get(f"{path}?base=1&head=1")
    assert (same["identical"], same["commits"], same["files"], same["workflow"]) == (
        *(True, [], [], []),
    )
    other = live.repository({"src/train.py": TRAIN.replace("from lib import models", "")}, "other")
    live.patch(made, git_repository=other.url)
    live.deploy(made)
    found = live.get(f"{path}?base=2")
    assert (found["files"], found["commits"], found["other_files"]) == (None, None, None)
    assert "different repositories" in found["notes"][0]
    fresh = live.inline("fresh")
    assert live.get(f"/workflows/{fresh['id']}/compare", 409)["code"] == "workflow-not-deployed"
    live.task(fresh, "broken", python_callable="x = 1")
    live.deploy(fresh, status=422)
    failed = live.get(f"/workflows/{fresh['id']}/compare?base=1&head=1", 409)
    assert failed["code"] == "release-not-sealed"


def test_packages_are_compared_from_the_locks(tmp_path: Path) -> None:
    storage = Storage(f"file://{tmp_path}")

    def sealed(*packages: tuple[str, str]) -> Release:
        hashes = ("sha256:" + "0" * 64,)
        lock = Lock("3.11", "linux", tuple(Package(name, v, hashes) for name, v in packages))
        storage.put(lock_key(lock.key), lock.text.encode())
        return Release("id", Workflow("w", "w"), None, None, lock.key, "3.11")

    before = sealed(("gone", "1.0"), ("numpy", "1.26.4"), ("pandas", "2.2.0"))
    after = sealed(("new", "3.0"), ("numpy", "2.1.0"), ("pandas", "2.1.0"))
    found = compare_packages(before, after, storage)
    assert [(p.name, p.before, p.after) for p in found.up] == [("numpy", "1.26.4", "2.1.0")]
    assert [p.name for p in (*found.added, *found.removed, *found.down)] == [
        *("new", "gone", "pandas"),
    ]
    lost = Release("id", Workflow("w", "w"), None, None, "0" * 64, "3.11")
    assert [p.name for p in compare_packages(lost, after, storage).added] == [
        *("new", "numpy", "pandas"),
    ]
