"""What was deployed runs on when everything behind it has stopped."""

from __future__ import annotations

import base64
import hashlib
import os
import signal
import threading
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from pilot import Pilot, Repository, until

from taxiway.embedded.stack import recorded
from taxiway.storage import marks
from taxiway.storage.cache import remove_tree

USES = "import alone\n\n\ndef train_model(context, **kwargs):\n    return alone.VALUE\n"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: Any) -> None:
        pass


def write_index(folder: Path, value: str) -> None:
    """An index with one package, `alone`."""
    files = {
        "alone.py": f"VALUE = {value!r}\n",
        "alone-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: alone\nVersion: 1.0\n",
        "alone-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    lines = []
    for name, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
        lines.append(f"{name},sha256={digest.decode()},{len(text.encode())}\n")
    files["alone-1.0.dist-info/RECORD"] = "".join([*lines, "alone-1.0.dist-info/RECORD,,\n"])
    page = folder / "simple" / "alone"
    page.mkdir(parents=True)
    wheel = folder / "alone-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (page / "index.html").write_text(f'<a href="/{wheel.name}#sha256={digest}">{wheel.name}</a>')


@contextmanager
def serving(folder: Path, url: str) -> Iterator[None]:
    handler = partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", urlsplit(url).port or 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def cool(cache: Path, kind: str, key: str) -> None:
    """Take an entry out of the cache, as on a worker that never had it."""
    assert (cache / kind / key).exists()
    remove_tree(cache / kind / key)
    marks.remove(cache, kind, key)


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_deployed_workflow_runs_without_git_host_index_and_server(
    stack: Any, pilot: Pilot, repository: Repository, tmp_path: Path
) -> None:
    value = uuid.uuid4().hex
    write_index(tmp_path, value)
    repository.commit(
        {"train.py": USES, "requirements.txt": f"--index-url {stack.index_url}\nalone\n"}
    )
    task = {"name": "train_model", "script_path": "train.py", "function_name": "train_model"}
    with serving(tmp_path, stack.index_url):
        workflow = pilot.workflow(task, git_repository=repository.url)
        release = pilot.deploy(workflow)
    repository.folder.rename(repository.folder.with_suffix(".gone"))
    cache = stack.home / "cache"
    cool(cache, "snapshots", release["tree"])
    cool(cache, "environments", release["lock"])
    running = recorded(stack.home)
    assert running is not None
    dag = f"{stack.airflow_url}/api/v2/dags/{release['dag_id']}"
    headers = {"Authorization": f"Bearer {stack.airflow_token()}"}
    with (
        stopped(running.parts["server"].pid),
        httpx.Client(headers=headers, timeout=30, trust_env=False) as airflow,
    ):
        begun = airflow.post(f"{dag}/dagRuns", json={"logical_date": None}).raise_for_status()
        run = f"{dag}/dagRuns/{begun.json()['dag_run_id']}"

        def ended() -> Any:
            state = airflow.get(run).raise_for_status().json()["state"]
            return state if state in ("success", "failed") else None

        assert until(ended, "the run ends") == "success"
        path = f"{run}/taskInstances/train_model/xcomEntries/return_value"
        assert value in airflow.get(path).raise_for_status().text

    def seen() -> Any:
        return next(iter(pilot.client.runs(workflow)), None)

    found = until(seen, "the server records the run that it did not see")
    assert (found["release"], found["trigger"]) == (1, "manual")
