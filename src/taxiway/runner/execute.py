"""One task of one release, executed: the runner's front door."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from taxiway.errors import Invalid, NotFound, TaskFailed, Unavailable
from taxiway.release.model import Release, release_line
from taxiway.runner.host import Host
from taxiway.runner.launch import Starting, start_keeper
from taxiway.runner.ready import Place, Ready
from taxiway.runner.request import TaskRequest
from taxiway.runner.settings import WorkerSettings
from taxiway.runner.supervise import Supervision, Work, Worker
from taxiway.runner.values import ValueExchange
from taxiway.runner.workspace import open_workspace
from taxiway.storage.cache import Cache
from taxiway.storage.store import Storage
from taxiway.workflow.models import Task

_PHASES = ("environment", "snapshot", "start", "import", "function")


class TaskProcess:
    """Runs one task of one release, once. `run()` blocks in the calling thread; `kill()` may be
    called from a signal handler."""

    def __init__(self, request: TaskRequest, host: Host, settings: WorkerSettings) -> None:
        self._request = request
        self._host = host
        self._settings = settings
        self._supervision: Supervision | None = None
        self._killed = False
        self._timings: dict[str, float] = {}

    @property
    def timings(self) -> Mapping[str, float]:
        """Where the time went, in seconds: `environment`, `snapshot`, `start`, `import` and
        `function`, as far as `run()` came; complete when it has returned or raised."""
        started = self._supervision.timings if self._supervision else {}
        found = {**self._timings, **started}
        return {name: round(found[name], 4) for name in _PHASES if name in found}

    def kill(self) -> None:
        """End the task and everything it started; `run()` then raises `task-canceled`."""
        self._killed = True
        if (supervision := self._supervision) is not None:
            supervision.kill()

    def run(self) -> Any:
        """The value that the task returned, as JSON; large ones as references to the storage.

        Raises: `TaskFailed`, `Invalid`, `Unavailable`. Snapshot and environment are made if this
        host does not have them, and held while the task runs. When it returns or raises, no
        process of the task is left.
        """
        with _keeper() as starting:
            return self._run(starting)

    def _run(self, starting: Callable[[], Starting]) -> Any:
        settings = self._settings
        storage, cache = Storage(settings.storage), Cache(settings.cache)
        release = load_release(self._request, storage, cache)
        task = _pick(release, self._request.task_name)
        needed = release.environment_of(task.name)
        digest, commit = self._request.release_digest, release.commit
        self._say(release_line(self._request.number, digest, commit, needed.lock, needed.python))
        place = Place(storage, cache, settings.packages, settings.bounds)
        with place.ready(release, needed, self._timings) as ready:
            workspace = ready.stack.enter_context(open_workspace(cache.root))
            supervision = Supervision(
                self._work(release, task, ready),
                self._host,
                workspace,
                ValueExchange(workspace, storage, cache),
                Worker(os.environ, settings.task_env_pass, settings.run_as_user),
                starting,
            )
            self._supervision = supervision
            if self._killed:
                raise TaskFailed("task-canceled", f"Task {task.name} was canceled")
            with place.aftermath(release, needed, ready):
                return supervision.run()

    def _say(self, line: str) -> None:
        self._host.log(line, stream="taxiway", level=logging.INFO)

    def _work(self, release: Release, task: Task, ready: Ready) -> Work:
        facts = {
            "TAXIWAY_WORKFLOW": release.workflow.dag_id,
            "TAXIWAY_RELEASE": self._request.release_digest,
            "TAXIWAY_COMMIT": release.commit or "",
            "TAXIWAY_RUN_ID": str(self._request.context.get("run_id") or ""),
            "TAXIWAY_TASK": task.name,
        }
        return Work(
            task=task.name,
            python=ready.environment.python,
            environment=ready.environment.path,
            snapshot=ready.snapshot,
            script_path=task.script_path,
            function_name=task.function_name,
            source=task.python_callable,
            commit=release.commit,
            params=task.params | self._request.param_overrides,
            context=self._request.context,
            env=release.workflow.env | task.env | facts,
            timeout=task.timeout,
        )


@contextmanager
def _keeper() -> Iterator[Callable[[], Starting]]:
    """A keeper that starts while all else is looked at; one that nobody took is let go."""
    waiting = [start_keeper()]
    try:
        yield waiting.pop
    finally:
        for keeper in waiting:
            keeper.abandon()


def load_release(request: TaskRequest, storage: Storage, cache: Cache) -> Release:
    """The sealed release, with what the request tells beside it. `NotFound`
    (`release-not-found`); `Unavailable` (`release-damaged`)."""
    digest = request.release_digest
    try:
        path = cache.ensure(
            "releases", f"{digest}.json", lambda p: storage.download(f"releases/{digest}.json", p)
        )
    except NotFound as error:
        raise NotFound(
            "release-not-found",
            f"The storage has no release {digest}",
            hint="Was the storage replaced, or pruned by hand? Deploy the workflow again.",
        ) from error
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != digest:
        cache.set_aside("releases", f"{digest}.json", lambda: "its bytes differ from its name")
        raise Unavailable(
            "release-damaged",
            f"The bytes of release {digest} differ from its name",
            hint="The copy of this host was set aside. If it happens again, the storage is damaged: "
            "remove the object, and deploy again.",
        )
    return Release.from_bytes(data, commit=request.commit)


def _pick(release: Release, name: str) -> Task:
    try:
        return release.workflow.task(name)
    except StopIteration:
        raise Invalid(
            "task-not-in-release",
            f"Release of workflow {release.workflow.name} has no task {name}",
            hint="Deploy the workflow again.",
        ) from None
