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
from taxiway.runner.mapping import require_few
from taxiway.runner.ready import Place, Ready
from taxiway.runner.records import FOLDER, make_record, note_of, to_bytes
from taxiway.runner.request import TaskRequest
from taxiway.runner.secrets import MaskingHost, resolve
from taxiway.runner.settings import WorkerSettings
from taxiway.runner.supervise import Supervision, Wiring, Work, Worker
from taxiway.runner.values import ValueExchange
from taxiway.runner.warm.client import WarmProcess
from taxiway.runner.workspace import open_workspace
from taxiway.storage.cache import Cache
from taxiway.storage.store import Storage
from taxiway.workflow.models import Task
from taxiway.workflow.wiring import expanded_over, is_expanded_over, upstream_of

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
        self._elements = False
        self.forked = False  # from a warm process, and not started
        self.digests: dict[str, str] = {}  # of the record, the inputs, the params and the value

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
        with _keeper(at_once=not self._settings.warm) as starting:
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
        secrets, hidden = resolve(release.workflow.secrets | task.secrets, self._host)
        with place.ready(release, needed, self._timings) as ready:
            workspace = ready.stack.enter_context(open_workspace(cache.root))
            warm = self._warm(release, task, cache, ready)
            supervision = Supervision(
                self._work(release, task, ready, secrets),
                MaskingHost(self._host, hidden) if hidden else self._host,
                workspace,
                ValueExchange(workspace, storage, cache, settings.value_max_size),
                Worker(os.environ, settings.task_env_pass, settings.run_as_user),
                starting,
                warm,
            )
            self._supervision = supervision
            if self._killed:
                raise TaskFailed("task-canceled", f"Task {task.name} was canceled")
            try:
                with place.aftermath(release, needed, ready):
                    return self._require_few(supervision.run(), task, release)
            finally:
                self._keep_record(storage, task, supervision)
                if warm is not None:
                    self.forked = warm.forked
                    warm.close()

    def _warm(self, release: Release, task: Task, cache: Cache, ready: Ready) -> WarmProcess | None:
        settings = self._settings
        said = [one for one in (task.warm, release.workflow.warm) if one is not None]
        if not [*said, settings.warm][0]:
            return None
        environment = ready.environment
        return WarmProcess(cache, environment.path, environment.python, settings.warm_idle)

    def _say(self, line: str) -> None:
        self._host.log(line, stream="taxiway", level=logging.INFO)

    def _require_few(self, value: Any, task: Task, release: Release) -> Any:
        if self._elements:
            most = self._request.max_elements
            require_few(value, task.name, release.workflow, most, self._host)
        return value

    def _params(self, task: Task) -> dict[str, Any]:
        return task.params | self._request.param_overrides | self._request.element

    def _keep_record(self, storage: Storage, task: Task, supervision: Supervision) -> None:
        """What went in and what came out, for the server to find by the digests."""
        request = self._request
        told = request.context
        facts = {
            "release": request.release_digest,
            "task": task.name,
            "map_index": told.get("map_index", -1),
            "try_number": told.get("try_number", 1),
        }
        received = {
            name: note_of(expanded_over(task).get(name, ""), "", value)
            for name, value in request.received.items()
        }
        inputs = received | supervision.inputs
        record = make_record(facts, self._params(task), inputs, supervision.came)
        try:
            digest = storage.put_addressed(FOLDER, to_bytes(record), ".json")
        except Unavailable as error:  # it must not decide over a task that has done its work
            self._say(f"The record of the task run could not be kept: {error}")
            return
        self.digests = {"record": digest, **record["digests"]}

    def _work(self, release: Release, task: Task, ready: Ready, secrets: Mapping[str, str]) -> Work:
        facts = {
            "TAXIWAY_WORKFLOW": release.workflow.dag_id,
            "TAXIWAY_RELEASE": self._request.release_digest,
            "TAXIWAY_COMMIT": release.commit or "",
            "TAXIWAY_RUN_ID": str(self._request.context.get("run_id") or ""),
            "TAXIWAY_TASK": task.name,
        }
        upstream = upstream_of(release.workflow, task.name)
        self._elements = is_expanded_over(release.workflow, task.name)
        wiring = Wiring(
            upstream,
            tuple(name for name in upstream if release.workflow.task(name).expand),
            task.inputs,
            self._request.received,
            self._elements,
        )
        return Work(
            task=task.name,
            python=ready.environment.python,
            environment=ready.environment.path,
            snapshot=ready.snapshot,
            script_path=task.script_path,
            function_name=task.function_name,
            source=task.python_callable,
            commit=release.commit,
            params=self._params(task),
            context=self._request.context,
            env=release.workflow.env | task.env | dict(secrets) | facts,
            private=frozenset(secrets),
            timeout=task.timeout,
            wiring=wiring,
            limits=self._settings.value_limits,
        )


@contextmanager
def _keeper(*, at_once: bool) -> Iterator[Callable[[], Starting]]:
    """A keeper that starts while all else is looked at; one that nobody took is let go. Where a
    warm process may do without one it starts when it is asked for."""
    waiting = [start_keeper()] if at_once else []

    def take() -> Starting:
        return waiting.pop() if waiting else start_keeper()

    try:
        yield take
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
