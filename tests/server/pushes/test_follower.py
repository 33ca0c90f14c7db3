"""Pushes that are followed: real Git, a real service, and time that the tests tell."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event

from taxiway.git import transfer
from taxiway.git.mirror import Mirror
from taxiway.server import machinery
from taxiway.server.database import NotificationRow, WatchRow, now
from taxiway.server.pushes.arrivals import Arrivals
from taxiway.server.pushes.follower import SPACING, Follower

pytestmark = pytest.mark.integration

TRAIN = "def train_model(context, **kwargs):\n    return 1\n"


@pytest.fixture
def live(start: Callable[..., Any]) -> Any:
    """Its own follower is off: the tests look when they mean to."""
    return start(push_interval=0)


@pytest.fixture
def follower(live: Any) -> Follower:
    parts = live.machinery
    mirror_of = partial(machinery._mirror_of, parts.shop, parts.keyrings)
    arrivals = Arrivals(live.database, parts.deployer, parts.outbox)
    return Follower(live.database, mirror_of, arrivals, 60)


class Counted:
    """How often Git went to the remote."""

    looks = 0
    fetches = 0


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    count = Counted()
    refs, fetch = Mirror.refs, transfer.fetch

    def look(mirror: Mirror) -> Any:
        count.looks += 1
        return refs(mirror)

    def counting(*arguments: Any, **rest: Any) -> Any:
        count.fetches += 1
        return fetch(*arguments, **rest)

    def alone(*_: Any) -> None:
        raise AssertionError("a deploy by push makes no look of its own")

    monkeypatch.setattr(Mirror, "refs", look)
    monkeypatch.setattr("taxiway.git.transfer.fetch", counting)
    monkeypatch.setattr(Mirror, "resolve", alone)
    return count


@contextmanager
def loaded() -> Iterator[list[str]]:
    """The repositories of the workflows that this thread reads from the database meanwhile."""
    found: list[str] = []
    here = threading.get_ident()

    def load(row: Any, _: Any) -> None:
        if threading.get_ident() == here:
            found.append(row.git_repository)

    event.listen(machinery.WorkflowRow, "load", load)
    try:
        yield found
    finally:
        event.remove(machinery.WorkflowRow, "load", load)


def following(live: Any, origin: Any, name: str = "digits", **fields: Any) -> Any:
    made = live.workflow(name, git_repository=origin.url, git_update_policy="on_push", **fields)
    live.task(made, "train_model", script_path="train.py", function_name="train_model")
    live.deploy(made)
    return made


def release(live: Any, made: Any, number: int) -> Any:
    url = f"/api/v1/workflows/{made['id']}/releases/{number}"

    def ended() -> Any:
        found = live.client.get(url).json()
        return found if found.get("state") in ("ready", "failed") else None

    return live.eventually(ended)


def total(live: Any, made: Any) -> int:
    return int(live.get(f"/workflows/{made['id']}/releases")["total"])


def later(follower: Follower, minutes: float = 2) -> None:
    follower.step(now() + timedelta(minutes=minutes))


def test_a_push_is_deployed_by_itself(live: Any, follower: Follower) -> None:
    origin = live.repository({"train.py": TRAIN})
    made = following(live, origin)
    follower.step()
    assert total(live, made) == 1
    head = origin.commit({"train.py": TRAIN + "# 2\n"})
    follower.step()  # not due yet
    assert total(live, made) == 1
    later(follower)
    found = release(live, made, 2)
    assert (found["state"], found["commit"], found["cause"]) == ("ready", head, "push")
    assert (found["deployed_by"], head[:12] in found["message"]) == ("taxiway:push", True)
    after = live.get(f"/workflows/{made['id']}")
    assert (after["git_commit_sha"], after["current_release"]) == (head, 2)
    assert (after["push"]["commit"], after["push"]["state"]) == (head, "deployed")
    later(follower)
    assert total(live, made) == 2


def test_a_hundred_workflows_of_one_repository_cost_one_look_and_one_fetch(
    live: Any, follower: Follower, request: Any
) -> None:
    origin = live.repository({"a/train.py": TRAIN})
    made = [following(live, origin, f"w{number}", git_subdirectory="a") for number in range(3)]
    with live.database.writing() as session:  # deployed alike: 97 more that follow
        row = session.get_one(machinery.WorkflowRow, made[0]["id"])
        for number in range(97):
            copied = {
                column.key: getattr(row, column.key)
                for column in row.__mapper__.column_attrs
                if column.key not in ("id", "dag_id", "name")
            }
            name = f"copy{number}"
            session.add(machinery.WorkflowRow(name=name, dag_id=name, **copied))
    count = request.getfixturevalue("counted")
    follower.step()
    assert (count.looks, count.fetches) == (1, 0)
    with loaded() as rows:
        follower.step()  # nothing is due
    assert (count.looks, rows) == (1, [made[0]["git_repository"]])
    origin.commit({"README.md": "only words for now\n"})
    later(follower)
    assert (count.looks, count.fetches) == (2, 1)
    assert [total(live, one) for one in made] == [1, 1, 1]


def test_only_workflows_whose_tree_changed_are_deployed(live: Any, follower: Follower) -> None:
    origin = live.repository({"a/train.py": TRAIN, "b/train.py": TRAIN})
    one = following(live, origin, "one", git_subdirectory="a")
    two = following(live, origin, "two", git_subdirectory="b")
    follower.step()
    head = origin.commit({"a/train.py": TRAIN + "# 2\n"})
    later(follower)
    assert release(live, one, 2)["commit"] == head
    assert total(live, two) == 1
    push = live.get(f"/workflows/{two['id']}")["push"]
    assert (push["commit"], push["state"], push["error"]) == (head, "unchanged", None)


def test_a_failed_check_leaves_what_runs_and_says_why(live: Any, follower: Follower) -> None:
    origin = live.repository({"train.py": TRAIN})
    made = following(live, origin, notify_url="https://chat.example.org/hooks/x")
    follower.step()
    head = origin.commit({"train.py": "x = 1\n"})
    later(follower)
    found = release(live, made, 2)
    assert (found["state"], found["error"]["code"]) == ("failed", "function-not-found")
    after = live.get(f"/workflows/{made['id']}")
    assert (after["current_release"], after["push"]["state"]) == (1, "failed")
    assert after["push"]["commit"] == head
    assert after["push"]["error"]["code"] == "function-not-found"
    assert after["push"]["error"]["release"] == 2
    with live.database.reading() as session:
        (told,) = session.query(NotificationRow).all()
    assert (told.event, told.body["release"]["number"]) == ("deploy-failed", 2)
    lines = live.get(f"/audit?action=workflow.deploy_failed&workflow_id={made['id']}")["items"]
    assert (lines[0]["who"], lines[0]["after"]["release"]) == ("taxiway:push", 2)
    later(follower)
    assert total(live, made) == 2  # the same commit is not tried again
    fixed = origin.commit({"train.py": TRAIN + "# 3\n"})
    later(follower, 4)
    assert release(live, made, 3)["commit"] == fixed
    assert live.get(f"/workflows/{made['id']}")["push"]["state"] == "deployed"


def test_a_push_to_a_held_workflow_is_noted_and_deployed_when_it_is_resumed(
    live: Any, follower: Follower
) -> None:
    origin = live.repository({"train.py": TRAIN})
    made = following(live, origin)
    live.post(f"/workflows/{made['id']}/rollback", {"release": 1}, 200)
    head = origin.commit({"train.py": TRAIN + "# 2\n"})
    later(follower)
    held = live.get(f"/workflows/{made['id']}")
    assert (held["push"]["commit"], held["push"]["state"]) == (head, "held")
    assert held["hold"]["pushed_commit"] == head
    assert total(live, made) == 1
    live.post(f"/workflows/{made['id']}/resume", status=200)
    later(follower, 4)
    assert release(live, made, 2)["commit"] == head


def test_a_burst_of_a_hundred_pushes_costs_one_or_two_fetches(
    live: Any, follower: Follower, request: Any
) -> None:
    origin = live.repository({"train.py": TRAIN})
    made = following(live, origin)
    follower.step()
    count = request.getfixturevalue("counted")
    moment = now()
    tree, head = origin.git("rev-parse", "HEAD^{tree}"), origin.git("rev-parse", "HEAD")
    blob = origin.git("hash-object", "-w", "train.py")
    assert tree and blob
    for number in range(100):
        (origin.path / "train.py").write_text(f"{TRAIN}# {number}\n")
        origin.git("commit", "-q", "-a", "-m", f"push {number}")
        follower.hint(origin.url)
        follower.step(moment)  # as the thread would, whenever it is hinted at
    follower.step(moment + SPACING + timedelta(minutes=1))
    head = origin.git("rev-parse", "HEAD")
    live.eventually(lambda: live.get(f"/workflows/{made['id']}")["git_commit_sha"] == head)
    assert count.looks <= 3
    assert 1 <= count.fetches <= 2


def test_a_repository_that_does_not_answer_is_looked_at_less_and_less(
    live: Any, follower: Follower
) -> None:
    origin = live.repository({"train.py": TRAIN})
    made = following(live, origin)
    follower.step()
    hidden = origin.path.rename(origin.path.with_name("hidden"))
    pauses = []
    for _ in range(3):
        follower.step(now() + timedelta(hours=2))
        with live.database.reading() as session:
            watch = session.query(WatchRow).one()
        pauses.append((watch.due_at - now()).total_seconds())
    assert pauses[0] > 100
    assert pauses == sorted(pauses)
    assert watch.error is not None
    assert watch.error["failures"] == 3
    hidden.rename(origin.path)
    head = origin.commit({"train.py": TRAIN + "# 2\n"})
    follower.step(now() + timedelta(hours=2))
    assert release(live, made, 2)["commit"] == head


def test_refreshing_a_repository_looks_now(start: Callable[..., Any]) -> None:
    live = start(push_interval=3600)
    origin = live.repository({"train.py": TRAIN})
    made = following(live, origin)
    live.machinery.follower.hint(origin.url)

    def looked() -> bool:
        with live.database.reading() as session:
            return any(watch.looks for watch in session.query(WatchRow).all())

    live.eventually(looked)
    head = origin.commit({"train.py": TRAIN + "# 2\n"})
    repository = live.client.post("/api/v1/repositories", json={"url": origin.url}).json()
    live.post(f"/repositories/{repository['id']}/refresh", status=200)
    assert release(live, made, 2)["commit"] == head


def test_a_workflow_that_was_never_deployed_is_not_deployed_by_a_push(
    live: Any, follower: Follower
) -> None:
    origin = live.repository({"train.py": TRAIN})
    made = live.workflow(git_repository=origin.url, git_update_policy="on_push")
    live.task(made, "train_model", script_path="train.py", function_name="train_model")
    follower.step()
    assert total(live, made) == 0
