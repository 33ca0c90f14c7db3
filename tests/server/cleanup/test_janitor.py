"""Old releases go, with what only they had; what is in use stays."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from taxiway.git.mirror import Mirror
from taxiway.git.policy import GitPolicy
from taxiway.git.snapshot import use_snapshot
from taxiway.git.url import RepositoryUrl
from taxiway.server.cleanup import lease
from taxiway.server.database import RunRow, now
from taxiway.storage.cache import remove_tree
from taxiway.storage.eviction import entries, evict

pytestmark = pytest.mark.integration

TRAIN = "def train_model(context, **kwargs):\n    return 1\n"


@pytest.fixture
def live(start: Callable[..., Any], tmp_path: Path) -> Any:
    yield start(keep_releases=1, keep_release_days=0, cleanup_hours=0)


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Not that of the other tests: entries of it go."""
    folder = tmp_path_factory.mktemp("own-cache")
    yield folder
    remove_tree(folder)


def releases(live: Any, count: int = 3) -> tuple[Any, Any]:
    others = {f"data/{number}.txt": f"{number}\n" * 50 for number in range(5)}
    origin = live.repository({"train.py": TRAIN, **others})
    made = live.workflow(git_repository=origin.url)
    live.task(made, "train_model", script_path="train.py", function_name="train_model")
    live.deploy(made)
    for number in range(2, count + 1):
        origin.commit({"train.py": TRAIN + f"# {number}\n"})
        live.deploy(made)
    return origin, made


def clean(live: Any, query: str = "", status: int = 200) -> Any:
    return live.post(f"/cleanup{query}", status=status)


def gone(answer: Any) -> list[int]:
    return sorted(one["release"] for one in answer["releases"])


def objects(live: Any) -> set[str]:
    root = live.storage.folder
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def get(live: Any, made: Any, number: int) -> Any:
    return live.get(f"/workflows/{made['id']}/releases/{number}")


def test_what_is_beyond_the_count_goes_and_it_says_what_it_freed(live: Any) -> None:
    _, made = releases(live)
    first, last = get(live, made, 1), get(live, made, 3)
    before = objects(live)
    planned = clean(live, "?dry_run=true")
    assert (planned["dry_run"], gone(planned)) == (True, [1, 2])
    assert objects(live) == before
    assert get(live, made, 1)["removed_at"] is None
    done = clean(live)
    assert gone(done) == [1, 2]
    assert done["storage"] == planned["storage"]
    left = objects(live)
    assert before - left
    assert done["freed_bytes"] > 0
    assert sum(one["entries"] for one in done["storage"].values()) == len(before - left)
    assert f"releases/{first['digest']}.json" not in left
    assert f"snapshots/{first['tree']}.json" not in left
    assert f"snapshots/{last['tree']}.json" in left
    assert f"locks/{last['lock']}.txt" in left  # shared with those that went
    cache = live.machinery.shop.cache
    (entry,) = [one for one in entries(cache, ("snapshots",)) if one.key == last["tree"]]
    assert evict(cache, entry)
    with use_snapshot(last["tree"], live.storage, cache) as folder:  # of layers of releases gone
        assert (folder / "data" / "4.txt").exists()
    assert done["cache"]["snapshots"]["entries"] == 2
    assert done["cache"]["environments"]["entries"] == 0
    assert cache.path("environments", last["lock"]).exists()
    assert get(live, made, 1)["removed_at"]
    refused = live.post(f"/workflows/{made['id']}/rollback", {"release": 1}, 409)
    assert refused["code"] == "release-removed"
    assert first["commit"] in refused["hint"]
    assert live.trigger(made)["release"] == 3
    assert clean(live)["releases"] == []
    lines = live.get("/audit?action=storage.cleanup&order_by=created_at")["items"]
    assert lines[0]["after"]["freed_bytes"] == done["freed_bytes"]
    removed = live.get("/audit?action=release.remove")["items"]
    assert sorted(line["before"]["release"] for line in removed) == [1, 2]


def test_a_removed_release_is_made_anew_by_its_commit(live: Any) -> None:
    _, made = releases(live, 2)
    first = get(live, made, 1)
    clean(live)
    live.patch(made, git_commit_sha=first["commit"])
    again = live.deploy(made)
    assert (again["number"], again["digest"]) == (3, first["digest"])
    assert live.storage.exists(f"snapshots/{first['tree']}.json")


def test_what_is_current_held_running_or_named_by_a_kept_run_stays(live: Any) -> None:
    _, made = releases(live, 4)
    kept = live.trigger(made)
    live.end(kept)
    live.eventually(lambda: live.get(f"/runs/{kept['id']}")["state"] == "success")
    live.post(f"/workflows/{made['id']}/rollback", {"release": 2}, 200)
    answer = clean(live)
    assert gone(answer) == [1, 3]
    assert get(live, made, 4)["removed_at"] is None  # a run of it is kept
    assert get(live, made, 2)["is_current"] is True


def test_a_run_in_progress_that_is_not_on_record_keeps_its_release(live: Any) -> None:
    _, made = releases(live, 1)
    run = live.trigger(made)
    origin = made["git_repository"]
    assert origin
    live.patch(made, description="two")
    live.deploy(made)
    with live.database.writing() as session:  # as if Airflow's schedule had just begun it
        row = session.get_one(RunRow, run["id"])
        row.state, row.created_at = "success", now() - timedelta(days=400)
    live.machinery.mirror.stop()
    assert clean(live)["releases"] == []
    live.end(run)
    with live.database.writing() as session:
        row = session.get_one(RunRow, run["id"])
        row.state, row.created_at = "failed", now() - timedelta(days=400)
    assert gone(clean(live)) == [1]
    body = live.post(f"/runs/{run['id']}/retry", status=409)
    assert body["code"] in ("release-removed", "nothing-failed")


def test_retrying_a_run_whose_release_is_gone_is_refused_by_name(live: Any) -> None:
    _, made = releases(live, 1)
    run = live.trigger(made)
    live.end(run, "failed")
    live.eventually(lambda: live.get(f"/runs/{run['id']}")["state"] == "failed")
    live.patch(made, description="two")
    live.deploy(made)
    with live.database.writing() as session:
        session.get_one(RunRow, run["id"]).created_at = now() - timedelta(days=400)
    assert gone(clean(live)) == [1]
    body = live.post(f"/runs/{run['id']}/retry", status=409)
    assert body["code"] == "release-removed"
    assert "Release 1 of digits" in body["detail"]


def test_what_a_process_uses_now_stays_in_the_cache(live: Any) -> None:
    _, made = releases(live, 2)
    tree = get(live, made, 1)["tree"]
    cache = live.machinery.shop.cache
    with cache.lock("snapshots", tree, shared=True):
        done = clean(live)
        assert done["cache"]["snapshots"]["in_use"] == 1
        assert cache.path("snapshots", tree).exists()
    assert clean(live)["cache"]["snapshots"]["entries"] == 1
    assert not cache.path("snapshots", tree).exists()


def test_a_deploy_and_a_clean_up_keep_out_of_each_others_way(live: Any) -> None:
    made = live.inline()
    assert lease.take(live.database)
    try:
        assert clean(live, status=409)["code"] == "cleanup-waits"
        answer = live.client.post(f"/api/v1/workflows/{made['id']}/deploy?wait=0.5")
        assert (answer.status_code, answer.json()["state"]) == (202, "preparing")
    finally:
        lease.give_back(live.database)
    live.eventually(lambda: get(live, made, 1)["state"] == "ready")
    assert clean(live)["releases"] == []


def test_a_mirror_that_nobody_reads_goes_and_is_made_anew_when_somebody_does(live: Any) -> None:
    origin, _ = releases(live, 1)
    other = live.repository({"README.md": "# Other\n"}, "other")
    known = live.client.post("/api/v1/repositories", json={"url": other.url}).json()
    tree = f"/repositories/{known['id']}/tree"
    live.get(tree)
    cache = live.machinery.shop.cache
    read, unread = (
        Mirror(cache, RepositoryUrl.parse(one.url), GitPolicy()).folder for one in (origin, other)
    )
    clean(live)
    assert read.exists() and unread.exists()
    long_ago = (now() - timedelta(days=40)).timestamp()
    for path in (cache.root / "mirrors").rglob("*"):
        os.utime(path, (long_ago, long_ago), follow_symlinks=False)
    with cache.lock("mirrors", f"{unread.name}.history"):
        assert clean(live)["cache"]["mirrors"]["in_use"] == 1
    assert clean(live, "?dry_run=true")["cache"]["mirrors"]["entries"] == 1
    assert read.exists() and unread.exists()
    freed = clean(live)["cache"]["mirrors"]
    assert freed["entries"] == 1 and freed["bytes"] > 0
    assert read.exists() and not unread.exists()
    assert live.get(tree)["items"][0]["name"] == "README.md"
    assert unread.exists()
