"""Run by the interpreter that has the base distribution alone: every module of the worker's side
is imported, and one inline task of a sealed release is executed."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path

import taxiway.environment
import taxiway.runner
import taxiway.storage
from taxiway.environment import python
from taxiway.environment.lock import resolve
from taxiway.environment.policy import PackagePolicy
from taxiway.environment.requirements import Requirements
from taxiway.git.snapshot import use_snapshot
from taxiway.release.model import Release
from taxiway.runner.execute import TaskProcess
from taxiway.runner.host import MemoryHost
from taxiway.runner.request import TaskRequest
from taxiway.runner.settings import WorkerSettings
from taxiway.storage.cache import Cache
from taxiway.storage.store import Storage
from taxiway.workflow.models import Task, Workflow

# scripts of another interpreter: they run when they are imported
SCRIPTS = ("taxiway.runner.keeper", "taxiway.runner.entrypoint", "taxiway.runner.inside")
CODE = """
def multiply(context, left, right):
    print(left, "times", right, "is", left * right)
    return {"answer": left * right}
"""


def import_all() -> None:
    assert use_snapshot
    for package in (taxiway.environment, taxiway.runner, taxiway.storage):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.startswith(SCRIPTS):
                importlib.import_module(module.name)


def main(home: Path) -> None:
    import_all()
    settings = WorkerSettings.from_env({"TAXIWAY_HOME": str(home)})
    storage, cache = Storage(settings.storage), Cache(settings.cache)
    here = python.current()
    lock = resolve(
        Requirements(), interpreter=here, policy=PackagePolicy(), cache=cache, storage=storage
    )
    task = Task(name="multiply", python_callable=CODE, params={"left": 6, "right": 7})
    workflow = Workflow(name="base", dag_id="base", tasks=(task,))
    release = Release("id", workflow, commit=None, tree=None, lock=lock.key, python=here.version)
    storage.put(f"releases/{release.digest}.json", release.to_bytes())
    host = MemoryHost()
    value = TaskProcess(TaskRequest(release.digest, "multiply"), host, settings).run()
    print(*host.output("stdout"), sep="\n")
    print(value)


main(Path(sys.argv[1]))
