"""How far workflows are behind their branch, as deploys and looks have seen it: real Git."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from taxiway.git.mirror import Mirror
from taxiway.server import machinery
from taxiway.server.database import now
from taxiway.server.pushes.arrivals import Arrivals
from taxiway.server.pushes.follower import CALM, Follower

pytestmark = pytest.mark.integration

TRAIN = "def train_model(context, **kwargs):\n    return 1\n"


@pytest.fixture
def live(start: Callable[..., Any]) -> Any:
    return start(push_interval=0)


def deployed(live: Any, origin: Any, **fields: Any) -> Any:
    made = live.workflow("digits", git_repository=origin.url, **fields)
    live.task(made, "train_model", script_path="train.py", function_name="train_model")
    live.deploy(made)
    return made


def test_a_deploy_tells_the_head_and_a_look_counts_what_came_since(
    live: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = live.repository({"train.py": TRAIN})
    first = origin.git("rev-parse", "HEAD")
    made = deployed(live, origin)
    path = f"/workflows/{made['id']}"
    fresh = live.get(path)["behind"]
    assert (fresh["branch"], fresh["head"], fresh["is_behind"]) == ("main", first, False)
    assert fresh["commits"] == 0
    origin.commit({"train.py": TRAIN + "# 2\n"})
    head = origin.commit({"train.py": TRAIN + "# 3\n"})
    assert live.get("/workflows?behind=true")["items"] == []
    looked = live.client.post(f"/api/v1{path}/look").json()["behind"]
    assert (looked["head"], looked["is_behind"], looked["commits"]) == (head, True, 2)
    assert looked["checked_at"] > fresh["checked_at"]

    def asked(_: Mirror) -> Any:
        raise AssertionError("a page asks the Git host for nothing")

    monkeypatch.setattr(Mirror, "refs", asked)
    found = live.get("/workflows?behind=true")["items"]
    assert [one["behind"] for one in found] == [looked]
    assert live.get("/workflows?behind=false")["items"] == []


def test_workflows_that_follow_nothing_are_looked_at_rarely_and_never_deployed(live: Any) -> None:
    origin = live.repository({"train.py": TRAIN})
    made = deployed(live, origin)
    parts = live.machinery
    mirror_of = partial(machinery._mirror_of, parts.shop, parts.keyrings)
    arrivals = Arrivals(live.database, parts.deployer, parts.outbox)
    follower = Follower(live.database, mirror_of, arrivals, 60)
    follower.step()
    head = origin.commit({"train.py": TRAIN + "# 2\n"})
    follower.step(now() + timedelta(minutes=2))  # not due: nobody waits for it
    assert not live.get(f"/workflows/{made['id']}")["behind"]["is_behind"]
    follower.step(now() + timedelta(minutes=1.2 * CALM))
    behind = live.get(f"/workflows/{made['id']}")["behind"]
    assert (behind["head"], behind["commits"]) == (head, 1)
    assert live.get(f"/workflows/{made['id']}/releases")["total"] == 1


def test_a_branch_that_nobody_looked_at_yet_is_not_told_of(live: Any) -> None:
    origin = live.repository({"train.py": TRAIN})
    made = deployed(live, origin)
    path = f"/api/v1/workflows/{made['id']}"
    assert live.client.patch(path, json={"git_branch": "other"}).json()["behind"] is None
    refused = live.client.post(f"{path}/look")
    assert (refused.status_code, refused.json()["code"]) == (404, "branch-not-found")
    inline = live.workflow("inline")
    refused = live.client.post(f"/api/v1/workflows/{inline['id']}/look")
    assert refused.json()["code"] == "repository-missing"
