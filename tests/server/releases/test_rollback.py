"""Going back to an earlier release, the hold that it begins, and its end."""

from __future__ import annotations

import getpass
import time
from typing import Any

import pytest

from taxiway.git.mirror import Mirror
from taxiway.storage.eviction import entries, evict

pytestmark = pytest.mark.integration

TRAIN = "def train_model(context, epochs=1, **kwargs):\n    return epochs\n"
WHO = f"local:{getpass.getuser()}"


def two_releases(live: Any, **fields: Any) -> tuple[Any, Any, str, str]:
    origin = live.repository({"train.py": TRAIN})
    made = live.workflow(git_repository=origin.url, **fields)
    live.task(made, "train_model", script_path="train.py", function_name="train_model")
    first = live.deploy(made)["commit"]
    second = origin.commit({"train.py": TRAIN + "# 2\n"})
    live.patch(made, description="second")
    assert live.deploy(made)["commit"] == second
    return origin, made, first, second


def roll_back(live: Any, made: Any, release: int, status: int = 200, **body: Any) -> Any:
    body = {"release": release, **body}
    return live.post(f"/workflows/{made['id']}/rollback", body, status)


def test_a_rollback_makes_the_sealed_release_current_in_a_moment_and_holds(
    any_live: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = any_live
    _, made, first, second = two_releases(live)
    run = live.trigger(made)
    bytes_of_first = live.storage.get(f"releases/{live.get(path(made, 1))['digest']}.json")

    def forbidden(*_: Any) -> None:
        raise AssertionError("a rollback needs no Git")

    for name in ("fetch", "resolve_name", "require_reachable"):
        monkeypatch.setattr(Mirror, name, forbidden)
    monkeypatch.setattr("taxiway.server.releases.prepare.settle_all", forbidden)
    began = time.process_time()  # not the clock on the wall, which is also the neighbours'
    done = roll_back(live, made, 1, message="accuracy fell")
    assert time.process_time() - began < 1
    assert (done["dry_run"], done["from_release"], done["release"]["number"]) == (False, 2, 1)
    assert done["changes"]["fields"] == ["description"]
    assert done["changes"]["files"] is True
    assert [found["id"] for found in done["runs"]] == [run["id"]]
    assert done["runs_total"] == 1
    after = live.get(f"/workflows/{made['id']}")
    assert (after["current_release"], after["git_commit_sha"], after["held"]) == (1, first, True)
    hold = after["hold"]
    assert hold["text"].startswith(f"held at release 1 by {WHO} since 20")
    assert (hold["release"], hold["by"], hold["reason"]) == (1, WHO, "accuracy fell")
    assert hold["abandoned_release"] == 2
    assert done["hold"] == hold
    live.eventually(lambda: live.get(path(made, 1))["state"] == "ready")
    assert live.get(path(made, 1))["held"] == hold["text"]
    assert f'"{first}"' in live.dag_of(made)
    assert second not in live.dag_of(made)
    again = live.trigger(made)
    assert (again["release"], again["commit"]) == (1, first)
    assert again["held"] == hold["text"]
    assert {one["held"] for one in live.get("/runs")["items"]} == {hold["text"]}
    still = live.get(f"/runs/{run['id']}")
    assert (still["release"], still["state"]) == (2, run["state"])
    assert live.storage.get(f"releases/{live.get(path(made, 1))['digest']}.json") == bytes_of_first


def path(made: Any, number: int) -> str:
    return f"/workflows/{made['id']}/releases/{number}"


def test_a_release_that_the_cache_has_lost_is_made_warm_again(live: Any) -> None:
    _, made, _, _ = two_releases(live)
    tree = live.get(path(made, 1))["tree"]
    cache = live.machinery.shop.cache
    (entry,) = [one for one in entries(cache, ("snapshots",)) if one.key == tree]
    assert evict(cache, entry)
    roll_back(live, made, 1)
    live.eventually(lambda: cache.path("snapshots", tree).exists())


def test_a_dry_run_says_what_it_would_change_and_changes_nothing(live: Any) -> None:
    _, made, _, second = two_releases(live)
    before, dag = live.get(f"/workflows/{made['id']}"), live.dag_of(made)
    answer = live.post(f"/workflows/{made['id']}/rollback?dry_run=true", {"release": 1}, 200)
    assert (answer["dry_run"], answer["hold"]) == (True, None)
    assert answer["changes"]["fields"] == ["description"]
    assert answer["text"] == "Would go back from release 2 to release 1 (description; files)"
    assert live.get(f"/workflows/{made['id']}") == before
    assert before["git_commit_sha"] == second
    assert live.dag_of(made) == dag


def test_a_held_workflow_deploys_only_when_it_is_resumed(live: Any) -> None:
    origin, made, _, _ = two_releases(live)
    roll_back(live, made, 1)
    body = live.deploy(made, status=409)
    assert body["code"] == "workflow-held"
    assert "held at release 1 by local:" in body["detail"]
    assert "resume" in body["hint"]
    assert live.get(f"/workflows/{made['id']}/releases")["total"] == 2
    third = origin.commit({"train.py": TRAIN + "# 3\n"})
    answer = live.client.post(f"/api/v1/workflows/{made['id']}/deploy", json={"resume": True})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["number"], answer.json()["commit"]) == (3, third)
    after = live.get(f"/workflows/{made['id']}")
    assert (after["held"], after["hold"], after["current_release"]) == (False, None, 3)


def test_a_release_that_airflow_cannot_show_gives_way_to_the_one_that_was_rolled_back_to(
    live: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taxiway.server.publishing.reconciler.IMPORT_ERROR_SECONDS", 0.1)
    origin, made, first, _ = two_releases(live)
    roll_back(live, made, 1)
    live.post(f"/workflows/{made['id']}/resume", status=200)
    live.orchestrator.import_errors[made["dag_id"]] = "SyntaxError: odd"
    live.orchestrator.delete(made["dag_id"])
    origin.commit({"train.py": TRAIN + "# 3\n"})
    live.deploy(made, status=500)
    live.orchestrator.import_errors.clear()
    after = live.get(f"/workflows/{made['id']}")
    assert (after["current_release"], after["git_commit_sha"]) == (1, first)


def test_resuming_changes_nothing_of_what_runs(live: Any) -> None:
    _, made, _, _ = two_releases(live)
    roll_back(live, made, 1)
    dag = live.dag_of(made)
    resumed = live.post(f"/workflows/{made['id']}/resume", status=200)
    assert (resumed["held"], resumed["hold"], resumed["current_release"]) == (False, None, 1)
    assert live.dag_of(made) == dag
    assert live.post(f"/workflows/{made['id']}/resume", status=200)["held"] is False
    assert live.deploy(made)["number"] == 3


def test_what_cannot_run_is_no_place_to_go_back_to(live: Any) -> None:
    origin, made, _, _ = two_releases(live)
    assert roll_back(live, made, 9, 404)["code"] == "release-not-found"
    origin.commit({"train.py": "x = 1\n"})
    live.deploy(made, status=422)
    assert roll_back(live, made, 3, 409)["code"] == "release-failed"
    digest = live.get(path(made, 1))["digest"]
    (live.storage.folder / "releases" / f"{digest}.json").unlink()
    body = roll_back(live, made, 1, 409)
    assert body["code"] == "release-damaged"
    assert digest in body["detail"]
    assert live.get(f"/workflows/{made['id']}")["held"] is False


def test_a_deploy_that_was_asked_for_before_the_rollback_does_not_end_it(
    live: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin, made, _, _ = two_releases(live)
    origin.commit({"train.py": TRAIN + "# 3\n"})
    taken = Mirror.resolve_name

    def late(mirror: Mirror, branch: str, **options: Any) -> Any:
        roll_back(live, made, 1)
        return taken(mirror, branch, **options)

    monkeypatch.setattr(Mirror, "resolve_name", late)
    assert live.deploy(made, status=409)["code"] == "workflow-held"
    after = live.get(f"/workflows/{made['id']}")
    assert (after["current_release"], after["held"]) == (1, True)


def test_the_runs_of_the_abandoned_release_run_again_on_the_current_one(live: Any) -> None:
    _, made, _, _ = two_releases(live)
    dated = live.trigger(made, logical_date="2026-01-31T06:00:00Z")
    told = live.trigger(made, params={"train_model": {"epochs": 3}})
    for run in (dated, told):
        live.end(run)
    roll_back(live, made, 1)
    answer = live.post(f"/workflows/{made['id']}/reruns", {"release": 2})
    assert (answer["total"], answer["started"]) == (2, 2)
    one, two = (item["again"] for item in answer["items"])
    assert [item["run"] for item in answer["items"]] == [dated["id"], told["id"]]
    assert {one["release"], two["release"]} == {1}
    assert one["logical_date"].startswith("2026-01-31T06:00:00.000001")
    assert two["params"] == {"train_model": {"epochs": 3}}
    twice = live.post(f"/workflows/{made['id']}/reruns", {"runs": [dated["id"]]})
    assert twice["items"][0]["again"]["logical_date"].startswith("2026-01-31T06:00:00.000002")
    assert live.post(f"/workflows/{made['id']}/reruns", {}, 422)["code"] == "reruns-refused"
    body = live.post(f"/workflows/{made['id']}/reruns", {"runs": ["gone"]}, 404)
    assert body["code"] == "run-not-found"


def test_an_older_commit_can_be_set_and_deployed_too(live: Any) -> None:
    _, made, first, second = two_releases(live)
    live.patch(made, git_commit_sha=first)
    release = live.deploy(made)
    assert (release["number"], release["commit"]) == (3, first)
    after = live.get(f"/workflows/{made['id']}")
    assert (after["held"], after["git_commit_sha"], after["git_update_policy"]) == (
        False,
        first,
        "pinned",
    )
    assert second != first


def test_commits_that_change_no_file_share_the_release_that_runs(live: Any) -> None:
    origin, made, _, second = two_releases(live)
    before, dag = live.get(path(made, 2)), live.dag_of(made)
    for number in (3, 4):
        commit = origin.commit({}, "only words")
        release = live.deploy(made)
        assert (release["number"], release["commit"], release["unchanged"]) == (
            number,
            commit,
            True,
        )
        assert (release["digest"], release["generation"]) == (
            before["digest"],
            before["generation"],
        )
        assert live.dag_of(made) == dag
    assert second in (dag or "")


def test_a_deploy_says_why_and_by_whom_and_when_it_changes_nothing(live: Any) -> None:
    made = live.inline()
    url = f"/api/v1/workflows/{made['id']}/deploy"
    first = live.client.post(url, json={"message": " the first "}).json()
    assert (first["message"], first["deployed_by"], first["cause"]) == ("the first", WHO, "deploy")
    assert first["unchanged"] is False
    second = live.client.post(url, json={"message": "again"}).json()
    assert (second["number"], second["unchanged"], second["message"]) == (2, True, "again")
    assert (second["digest"], second["generation"]) == (first["digest"], first["generation"])
    assert second["notes"][-1].startswith("Nothing of what runs has changed since release 1")
    listed = live.get(f"/workflows/{made['id']}/releases")["items"]
    assert [item["message"] for item in listed] == ["again", "the first"]
    assert live.client.post(url, json={"mesage": ""}).status_code == 422
