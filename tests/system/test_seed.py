"""The three curl calls of the first users of the API, with only the address of their repository
changed (and that of the server, which has a free port here)."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from shell import make_curl, shell_environment

from taxiway import process

pytestmark = pytest.mark.system

CREATE_WORKFLOW = """\
curl -X POST http://localhost:8000/api/v1/workflows/ \\
  -H "Content-Type: application/json" \\
  -d '{
    "name": "my_ml_pipeline",
    "description": "ML Pipeline from Git",
    "schedule": "@daily",
    "is_active": true,
    "git_repository": "https://github.com/org/ml-repo.git",
    "git_branch": "main"
  }'
"""
CREATE_TASK = """\
curl -X POST http://localhost:8000/api/v1/tasks/ \\
  -H "Content-Type: application/json" \\
  -d '{
    "workflow_id": "<WORKFLOW_ID>",
    "name": "train_model",
    "script_path": "src/train.py",
    "function_name": "train_model",
    "params": {"epochs": 100},
    "dependencies": [],
    "retry_count": 2,
    "retry_delay": 600
  }'
"""
DEPLOY = """\
curl -X POST http://localhost:8000/api/v1/workflows/<WORKFLOW_ID>/deploy
"""
TRAIN = """\
def train_model(context, **kwargs):
    # context: Airflow context dictionary
    # kwargs: Additional parameters from task params
    print(f"Training with {kwargs.get('epochs')} epochs")
    # Your ML code here
    return {"status": "success", "accuracy": 0.95}
"""


@pytest.fixture
def env(stack: Any) -> dict[str, str]:
    return shell_environment(stack.repositories)


@pytest.fixture
def repository(stack: Any, env: dict[str, str]) -> Path:
    folder = Path(stack.repositories) / "org" / "ml-repo.git"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "train.py").write_text(TRAIN)
    for arguments in ("init -q -b main", "add .", "commit -q -m Train"):
        done = process.run(["git", *arguments.split()], env=env, cwd=folder, timeout=30)
        assert done.returncode == 0, done.complaint
    return folder


def test_the_three_calls_bring_a_function_from_git_to_airflow(
    stack: Any, repository: Path, env: dict[str, str]
) -> None:
    def answer(command: str, workflow_id: str = "") -> dict[str, Any]:
        command = command.replace("http://localhost:8000", stack.server_url)
        command = command.replace("https://github.com/org/ml-repo.git", f"file://{repository}")
        command = command.replace("<WORKFLOW_ID>", workflow_id)
        done = process.run(["bash", "-c", command], env=env, timeout=150)
        assert done.returncode == 0, done.complaint
        return dict(json.loads(done.stdout))

    workflow = answer(CREATE_WORKFLOW)
    task = answer(CREATE_TASK, workflow["id"])
    release = answer(DEPLOY, workflow["id"])

    assert (workflow["git_auth_type"], workflow["git_commit_sha"]) == ("none", None)
    assert (task["python_callable"], task["retry_delay"]) == (None, 600)
    with httpx.Client(base_url=f"{stack.server_url}/api/v1", timeout=90, trust_env=False) as api:
        release = wait(api, f"/workflows/{workflow['id']}/releases/{release['number']}", "ready")
        assert release["git_commit_sha"] == head(repository, env)
        run = api.post(f"/workflows/{workflow['id']}/runs").raise_for_status().json()
        ended = wait(api, f"/runs/{run['id']}", "success")
        assert ended["release"] == 1
        log = api.get(f"/runs/{run['id']}/tasks/train_model/logs").raise_for_status().json()
        texts = [line["text"] for line in log["lines"]]
        assert "Training with 100 epochs" in texts
        assert ended["line"] == release["line"], "one line tells it all, in run and log"
        assert release["line"].startswith("Release 1, ") and release["line"] in texts
        value = api.get(f"/runs/{run['id']}/tasks/train_model/value").raise_for_status().json()
        assert value["value"] == {"status": "success", "accuracy": 0.95}
        runs = api.get(f"/workflows/{workflow['id']}/runs").raise_for_status().json()
        assert [found["id"] for found in runs["items"]] == [run["id"]], "none for the past"
        api.delete(f"/workflows/{workflow['id']}").raise_for_status()


def wait(api: httpx.Client, path: str, state: str) -> dict[str, Any]:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        found: dict[str, Any] = api.get(path).raise_for_status().json()
        if found["state"] == state or found["state"] in ("failed", "canceled"):
            break
        time.sleep(0.3)
    assert found["state"] == state, found
    return found


def head(repository: Path, env: dict[str, str]) -> str:
    done = process.run(["git", "rev-parse", "HEAD"], env=env, cwd=repository, timeout=30)
    return done.stdout.decode().strip()


def test_the_stand_in_for_curl_does_what_curl_does(stack: Any, tmp_path: Path) -> None:
    env = {"PATH": f"{make_curl(tmp_path)}:/usr/bin:/bin", "NO_PROXY": "*"}
    url = f"{stack.server_url}/api/v1/workflows/"
    command = f"curl -sS -X POST {url} -H 'Content-Type: application/json' -d '{{}}'"
    done = process.run(["bash", "-c", command], env=env, timeout=60)
    assert json.loads(done.stdout)["code"] == "field-missing", done.complaint
