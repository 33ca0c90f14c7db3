"""What a release says of its packages and its Python, through the HTTP door."""

from __future__ import annotations

import json
from typing import Any

import pytest

from taxiway.environment.lock import Lock
from taxiway.environment.python import current
from tests.server.releases.test_deploy import TRAIN, git_workflow, refused

pytestmark = pytest.mark.integration

PROJECT = '[project]\nname = "x"\nversion = "1"\nrequires-python = ">=3.9"\n[dependency-groups]\nml = []\n'


def test_a_release_shows_its_lock_and_what_declared_it(live: Any) -> None:
    files = {"src/train.py": TRAIN, "pyproject.toml": PROJECT}
    _, made = git_workflow(live, files, dependency_groups=["ml"])
    assert live.get(f"/workflows/{made['id']}")["dependency_groups"] == ["ml"]
    release = live.deploy(made)
    [environment] = release["environments"]
    assert environment["source"] == "pyproject.toml" == environment["python_source"]
    assert environment["groups"] == ["ml"] and environment["tasks"] == ["train_model"]
    assert release["python"] == environment["python"] == current().version
    assert environment["lock"] == release["lock"]
    assert "Packages: pyproject.toml of the repository is used." in " ".join(release["notes"])
    path = f"/api/v1/workflows/{made['id']}/releases/1/lock"
    shown = live.client.get(path)
    assert shown.headers["content-type"].startswith("text/plain")
    assert Lock.parse(shown.text).key == release["lock"]
    as_json = live.client.get(path, headers={"Accept": "application/json"}).json()
    assert as_json == {
        "key": release["lock"],
        "python": current().version,
        "platform": None,
        "packages": [],
    }
    assert live.client.get(f"{path}?task=train_model").text == shown.text
    assert live.client.get(f"{path}?task=other").json()["code"] == "task-not-found"


def test_one_line_tells_what_exactly_runs(live: Any) -> None:
    _, made = git_workflow(live)
    release = live.deploy(made)
    assert release["line"] == (
        f"Release 1, digest {release['digest']}, commit {release['commit']}, "
        f"lock {release['lock']}, Python {release['python']}"
    )


def test_a_commit_with_the_same_files_is_the_same_release_under_another_number(live: Any) -> None:
    origin, made = git_workflow(live)
    first = live.deploy(made)
    origin.git("commit", "-q", "--allow-empty", "-m", "nothing")
    second = live.deploy(made)
    assert second["commit"] == origin.git("rev-parse", "HEAD") != first["commit"]
    assert (second["number"], second["digest"]) == (2, first["digest"])
    assert second["generation"] == first["generation"] and second["unchanged"]
    dags = [
        live.client.get(f"/api/v1/workflows/{made['id']}/releases/{n}/dag").text for n in (1, 2)
    ]
    assert dags[0] == dags[1]


def test_upgrade_is_asked_for_by_a_parameter(live: Any) -> None:
    made = live.inline(requirements="# nothing\n")
    path = f"/api/v1/workflows/{made['id']}/deploy"
    first, second, third = (
        live.client.post(f"{path}{query}").json() for query in ("", "", "?upgrade=true")
    )
    resolved = [one["environments"][0]["resolved"] for one in (first, second, third)]
    assert resolved == [True, False, True]
    assert first["lock"] == second["lock"] == third["lock"]
    assert live.client.post(f"{path}?upgrade=perhaps").status_code == 422


def test_a_python_that_the_server_lacks_is_told_with_its_remedy(live: Any) -> None:
    _, made = git_workflow(live, {"src/train.py": TRAIN, ".python-version": "3.2\n"})
    body = refused(live, made, 422, "python-not-found")
    assert "3.2" in body["detail"] and "PATH" in body["hint"]


def test_a_group_that_is_not_there_is_refused(live: Any) -> None:
    files = {"src/train.py": TRAIN, "pyproject.toml": PROJECT}
    _, made = git_workflow(live, files, dependency_groups=["gpu"])
    body = refused(live, made, 422, "dependency-group-unknown")
    assert body["errors"][0]["hint"] == "It has ml.", json.dumps(body)
