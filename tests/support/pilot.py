"""What the system tests share: a user, repositories, and ways to wait for what must happen."""

from __future__ import annotations

import os
import subprocess
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from taxiway.client.http import TaxiwayClient
from taxiway.errors import Unavailable

Json = dict[str, Any]
RUN_SECONDS = 240


class Repository:
    """A real Git repository that the stack may read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")

    @property
    def url(self) -> str:
        return f"file://{self.folder}"

    def commit(self, files: dict[str, str]) -> str:
        """Write the files, commit all, and return the full commit."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", "Change")
        return self.git("rev-parse", "HEAD")

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.folder, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()


class Pilot:
    """A user with a client: makes workflows, deploys, runs, and waits for what must come."""

    def __init__(self, client: TaxiwayClient) -> None:
        self.client = client

    def workflow(self, *tasks: Json, **fields: Any) -> str:
        """The id of a new workflow with these tasks."""
        fields.setdefault("name", f"w{uuid.uuid4().hex[:10]}")
        workflow = self.client.create_workflow(**fields)
        for task in tasks:
            self.client.create_task(workflow_id=workflow["id"], **task)
        return str(workflow["id"])

    def deploy(self, workflow_id: str) -> Json:
        release = self.client.deploy(workflow_id, wait=90)
        assert release["state"] == "ready", release
        return release

    def run(self, workflow_id: str, **params: Json) -> Json:
        """Trigger a run and wait for its end."""
        run = self.client.trigger(workflow_id, params=params)
        return self.end_of(run["id"])

    def end_of(self, run_id: str, seconds: float = RUN_SECONDS) -> Json:
        try:
            return self.client.wait_for_run(run_id, timeout=seconds)
        except Unavailable as error:
            states = {t["task"]: t["state"] for t in self.client.run_tasks(run_id)}
            raise AssertionError(f"{error}: {states}") from error

    def succeed(self, workflow_id: str, **params: Json) -> str:
        """Run it and demand success; the run's id."""
        run = self.run(workflow_id, **params)
        assert run["state"] == "success", self.story(run["id"])
        return str(run["id"])

    def states(self, run_id: str) -> dict[str, str]:
        return {task["task"]: task["state"] for task in self.client.run_tasks(run_id)}

    def value(self, run_id: str, task: str) -> Any:
        return self.client.value(run_id, task)

    def log(self, run_id: str, task: str) -> str:
        lines = self.client.logs(run_id, task)["lines"]
        return "\n".join(line["text"] for line in lines)

    def story(self, run_id: str) -> str:
        """All logs of a run: for the message of a failed assertion."""
        return "\n".join(f"== {task}\n{self.log(run_id, task)}" for task in self.states(run_id))

    def wait_for_state(self, run_id: str, task: str, *states: str) -> None:
        until(lambda: self.states(run_id).get(task) in states, f"{task} in {states}")


def until(condition: Callable[[], Any], what: str, seconds: float = 120) -> Any:
    """The first true value of `condition`, looked at again and again; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.1)
    return value


class Gate:
    """Lets a test hold a running task and let it go: two files that every user may touch."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def source(self, name: str = "wait") -> str:
        """A Python function that says that it is there and waits to be let go."""
        return (
            f"def {name}():\n"
            "    import pathlib, time\n"
            f"    folder = pathlib.Path({str(self.folder)!r})\n"
            "    (folder / 'reached').touch()\n"
            "    while not (folder / 'open').exists():\n"
            "        time.sleep(0.05)\n"
        )

    def wait_until_reached(self) -> None:
        until((self.folder / "reached").exists, "the task reached the gate")

    def open(self) -> None:
        (self.folder / "open").touch()


def processes_with(marker: str) -> list[int]:
    """The processes of this machine that have `marker` in their environment or arguments."""
    found = []
    for pid in (int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()):
        try:
            text = Path(f"/proc/{pid}/cmdline").read_bytes()
            text += Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            continue
        if marker.encode() in text and pid != os.getpid():
            found.append(pid)
    return found
