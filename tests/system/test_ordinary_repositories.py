"""Repositories as people have them run as they are."""

from __future__ import annotations

from typing import Any

FILES = {
    "requirements.txt": "numpy\nscikit-learn\n",
    "data/numbers.csv": "1\n2\n3\n",
    "helpers/__init__.py": "",
    "helpers/maths.py": "def double(x):\n    return 2 * x\n",
    "src/sibling.py": "NAME = 'sibling'\n",
    "src/work.py": """\
import logging
import os
import subprocess
import sys
from multiprocessing import get_context
from pathlib import Path

import sibling
from helpers.maths import double
from joblib import Parallel, delayed

logging.getLogger("mine").info("imported")


def square(x):
    return x * x


def imports(context, **kwargs):
    logging.getLogger("mine").warning("a warning of mine")
    print("to stdout")
    print("to stderr", file=sys.stderr)
    return {
        "sibling": sibling.NAME,
        "double": double(21),
        "module": __name__,
        "in_modules": sys.modules[__name__].square is square,
        "read": Path("data/numbers.csv").read_text(),
        "read_beside": (Path(__file__).parent.parent / "data/numbers.csv").read_text(),
    }


def parallel(context, **kwargs):
    fork = get_context("fork")
    spawn = get_context("spawn")
    with fork.Pool(2) as pool:
        forked = pool.map(square, range(4))
    with spawn.Pool(2) as pool:
        spawned = pool.map(square, range(4))
    by_joblib = Parallel(n_jobs=2)(delayed(square)(x) for x in range(4))
    child = subprocess.run(
        [sys.executable, "-c", "import sibling; print(sibling.NAME)"],
        capture_output=True, text=True, check=True,
    )
    return {"fork": forked, "spawn": spawned, "joblib": by_joblib, "child": child.stdout.strip()}


def writes(context, **kwargs):
    Path("new.txt").write_text("mine")
    Path("mlruns").mkdir()
    Path("mlruns/run.txt").write_text("mine")
    outcome = {"inside": sorted(os.listdir("."))}
    for name in ("data/numbers.csv", "data/new.csv"):
        try:
            Path(name).write_text("changed")
            outcome[name] = "written"
        except OSError as error:
            outcome[name] = type(error).__name__
    return outcome


def reads(context, **kwargs):
    return {"numbers": Path("data/numbers.csv").read_text(), "new": Path("new.txt").exists(),
            "beside": sorted(os.listdir("data"))}


def process(context, **kwargs):
    parent = f"/proc/{os.getppid()}/environ"
    try:
        open(parent, "rb").read()
        environ = "read"
    except OSError as error:
        environ = type(error).__name__
    return {
        "stdin": os.readlink("/proc/self/fd/0"),
        "session": os.getsid(0) != os.getsid(os.getppid()) or os.getsid(0) == os.getpid(),
        "env": sorted(os.environ),
        "values": {k: v for k, v in os.environ.items() if k.startswith(("TAXIWAY_", "MINE"))},
        "parent_environ": environ,
        "uid": os.getuid(),
    }
""",
}


def git_task(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "script_path": "src/work.py", "function_name": name, **fields}


def test_a_repository_runs_as_it_is(pilot, repository):
    commit = repository.commit(FILES)
    workflow = pilot.workflow(
        git_task("imports"),
        git_task("parallel", dependencies=["imports"]),
        git_task("writes", dependencies=["parallel"]),
        git_task("reads", dependencies=["writes"]),
        git_task("process", dependencies=["reads"], env={"MINE": "task"}),
        git_repository=repository.url,
        env={"MINE": "workflow", "MINE_TOO": "workflow"},
    )
    release = pilot.deploy(workflow)
    assert release["git_commit_sha"] == commit
    run = pilot.succeed(workflow)

    imports = pilot.value(run, "imports")
    assert imports == {
        "sibling": "sibling",
        "double": 42,
        "module": "src.work",
        "in_modules": True,
        "read": "1\n2\n3\n",
        "read_beside": "1\n2\n3\n",
    }
    parallel = pilot.value(run, "parallel")
    assert parallel == {
        "fork": [0, 1, 4, 9],
        "spawn": [0, 1, 4, 9],
        "joblib": [0, 1, 4, 9],
        "child": "sibling",
    }
    writes = pilot.value(run, "writes")
    assert {"new.txt", "mlruns", "data", "src"} <= set(writes["inside"])
    assert writes["data/numbers.csv"] != "written"
    assert writes["data/new.csv"] != "written"
    assert pilot.value(run, "reads") == {
        "numbers": "1\n2\n3\n",
        "new": False,
        "beside": ["numbers.csv"],
    }
    _check_process(pilot.value(run, "process"), commit, run)
    _check_log(pilot, run)


def _check_process(process: dict[str, Any], commit: str, run: str) -> None:
    assert process["stdin"] == "/dev/null"
    assert process["session"]
    assert process["parent_environ"] != "read"
    assert process["values"]["MINE"] == "task"
    assert process["values"]["MINE_TOO"] == "workflow"
    assert process["values"]["TAXIWAY_COMMIT"] == commit
    assert process["values"]["TAXIWAY_TASK"] == "process"
    assert process["values"]["TAXIWAY_RUN_ID"].endswith(run)
    assert not [name for name in process["env"] if name.startswith("AIRFLOW")]
    assert "TAXIWAY_GIT_ALLOW_LOCAL" not in process["env"]


def _check_log(pilot: Any, run: str) -> None:
    lines = pilot.client.logs(run, "imports")["lines"]
    found = {line["text"]: (line["stream"], line["level"]) for line in lines}
    assert found["to stdout"] == ("stdout", "info")
    assert found["to stderr"] == ("stderr", "info")
    assert found["a warning of mine"] == ("mine", "warning")
    assert found["imported"] == ("mine", "info")
