"""One function of a folder of this machine, run as a task would be: without server and deploy."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from taxiway.cli.checks.folder import tree_of
from taxiway.environment.build import Environment, use_environment
from taxiway.environment.declared import Declared
from taxiway.environment.settle import settle
from taxiway.errors import Invalid, NotFound, TaxiwayError
from taxiway.git.trees import LINK
from taxiway.redaction import Secret
from taxiway.release.findings import refuse
from taxiway.release.packages import read_packages
from taxiway.runner.host import Host
from taxiway.runner.records import Came
from taxiway.runner.secrets import MaskingHost, resolve
from taxiway.runner.settings import WorkerSettings
from taxiway.runner.supervise import Supervision, Wiring, Work, Worker
from taxiway.runner.values import ValueExchange
from taxiway.runner.workspace import open_workspace
from taxiway.storage.cache import Cache
from taxiway.storage.store import Storage
from taxiway.workflow.models import Task, Workflow


@dataclass(frozen=True)
class Inputs:
    """What the function receives: the values of tasks, which parameter gets what part of them,
    and which gets a value of its own."""

    values: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    received: Mapping[str, Any] = field(default_factory=dict)


class _NoLocks:
    """Nothing is remembered of earlier trials: uv's cache is quick enough."""

    def lock_of(self, asked: str) -> str | None:
        return None

    def lock_elsewhere(self, asked: str) -> str | None:
        return None

    def latest(self) -> tuple[str, ...]:
        return ()

    def keep(self, asked: str, lock: str) -> None:
        """There is nothing to keep it for."""


class ConsoleHost:
    """Lines go to `say`; values come from `inputs`, and secrets from who tries."""

    def __init__(self, inputs: Inputs, say: Any, secrets: Mapping[str, Secret]) -> None:
        self._inputs = inputs
        self._say = say
        self._secrets = secrets

    def log(self, line: str, *, stream: str, level: int) -> None:
        self._say(line if level < logging.WARNING else f"{logging.getLevelName(level)}: {line}")

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        match question["ask"]:
            case "xcom_pull":
                tasks = question.get("task_ids")
                found = [self._inputs.values.get(one) for one in _listed(tasks)]
                return {"value": found if isinstance(tasks, list) else found[0]}
            case "xcom_push":
                return {}
            case "secret" if (secret := self._secrets.get(question["name"])) is not None:
                return {"found": True, "value": secret.reveal()}
        return {"found": False}


def _listed(tasks: Any) -> list[str]:
    return tasks if isinstance(tasks, list) else [str(tasks)]


def storage_of(settings: WorkerSettings) -> Storage:
    """Where the values of trials are, apart from those of runs."""
    return Storage(f"file://{settings.cache.parent / 'trials'}")


def root_of(folder: Path) -> Path:
    """The folder of the repository that `folder` lies in, or itself."""
    here = folder.resolve()
    return next((one for one in (here, *here.parents) if (one / ".git").exists()), here)


def try_task(
    root: Path,
    task: Task,
    inputs: Inputs,
    settings: WorkerSettings,
    say: Any,
    secrets: Mapping[str, Secret] | None = None,
) -> Came:
    """Run it on the files as they are; errors as a task raises them. `secrets` are in its
    environment, and in none of its lines, its errors and what is told of its value."""
    host = ConsoleHost(inputs, say, secrets or {})
    env, hidden = resolve({name: f"environment:{name}" for name in secrets or ()}, host)
    shown = MaskingHost(host, hidden)
    try:
        came = _try(root, task, inputs, settings, shown, env)
    except TaxiwayError as error:
        raise masked_error(error, shown) from None
    return replace(came, value=shown.mask_in(came.value), summary=shown.mask_in(came.summary))


def masked_error(error: TaxiwayError, host: MaskingHost) -> TaxiwayError:
    """The same error without the texts that `host` hides."""
    return type(error)(
        error.code,
        host.mask(error.message),
        hint=host.mask(error.hint),
        problems=[
            replace(problem, message=host.mask(problem.message)) for problem in error.problems
        ],
        **host.mask_in(error.context),
    )


def _try(
    root: Path,
    task: Task,
    inputs: Inputs,
    settings: WorkerSettings,
    host: Host,
    secrets: Mapping[str, str],
) -> Came:
    storage, cache = storage_of(settings), Cache(settings.cache)
    needed = _needed(root, task, settings, cache)
    policy = settings.packages
    lock = settle(
        needed, memory=_NoLocks(), upgrade=False, policy=policy, cache=cache, storage=storage
    ).lock
    ready = use_environment(
        lock.key, python=lock.python, storage=storage, cache=cache, policy=policy
    )
    with ExitStack() as stack:
        environment = stack.enter_context(ready)
        workspace = stack.enter_context(open_workspace(cache.root))
        work = replace(
            _work(root, task, inputs, environment),
            limits=settings.value_limits,
            env=dict(secrets),
            private=frozenset(secrets),
        )
        values = ValueExchange(workspace, storage, cache, settings.value_max_size)
        worker = Worker(os.environ, settings.task_env_pass, "root")
        supervision = Supervision(work, host, workspace, values, worker)
        supervision.run()
        return supervision.came


def _work(root: Path, task: Task, inputs: Inputs, environment: Environment) -> Work:
    """As `execute` has it for a run."""
    return Work(
        task=task.name,
        python=environment.python,
        environment=environment.path,
        snapshot=root,
        script_path=task.script_path,
        function_name=task.function_name,
        params=task.params,
        context={"run_id": "try", "dag_id": root.name, "task_id": task.name, "try_number": 1},
        wiring=Wiring(
            tuple(inputs.values), inputs=dict(inputs.sources), received=dict(inputs.received)
        ),
    )


def _needed(root: Path, task: Task, settings: WorkerSettings, cache: Cache) -> Declared:
    """The packages that the script asks for, as at a deploy."""
    tree = tree_of(root)

    def read(path: str) -> bytes | None:
        entry = tree.entries.get(path)
        return (root / path).read_bytes() if entry and entry.mode != LINK else None

    if task.script_path not in tree.entries:
        raise NotFound("file-not-found", f"There is no file {task.script_path} in {root}")
    workflow = Workflow(name=root.name, dag_id="try", git_repository=str(root), tasks=(task,))
    packages = read_packages(workflow, read, settings.packages, cache)
    refuse(root.name, packages.findings)
    return next((one for one in packages.needed if task.name in one.tasks), packages.needed[0])


def task_of(target: str, params: dict[str, Any], root: Path) -> Task:
    """The task of `src/train.py:train_model`, its path from where we are. `Invalid`."""
    script, colon, function = target.rpartition(":")
    if not (colon and script and function.isidentifier()):
        raise Invalid("option-refused", f"{target[:200]!r}: write it as src/train.py:train_model")
    try:
        path = Path(script).resolve().relative_to(root)
    except ValueError:
        raise Invalid("option-refused", f"{script} lies outside of {root}") from None
    return Task(name=function, script_path=path.as_posix(), function_name=function, params=params)
