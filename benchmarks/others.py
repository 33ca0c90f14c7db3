"""The peers that are programs of their own: Airflow's operator, and `mlflow run`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from uv import find_uv_bin

from benchmarks.starting import Taken, command
from taxiway.environment.python import current
from taxiway.process import run

PEERS = Path(__file__).resolve().parent / ".peers"
# Where the repository seems to be, for who asks Git only for what is no folder of this machine.
ADDRESS = "https://repository.invalid/steps"
_MLFLOW = ("mlflow-skinny", "virtualenv")
PYTHON_ENV = """\
python: "{version}"
dependencies:
  - -r requirements.txt
"""
PROJECT = """\
name: steps
python_env: python_env.yaml
entry_points:
  main:
    command: "python -c 'import steps; steps.step()'"
"""


def project_files() -> dict[str, str]:
    """What a repository needs for `mlflow run`."""
    return {"MLproject": PROJECT, "python_env.yaml": PYTHON_ENV.format(version=_version())}


def _version() -> str:
    """In full: mlflow asks uv for exactly this one."""
    code = "import platform; print(platform.python_version())"
    done = run([str(current().path), "-c", code], env={"PATH": os.environ["PATH"]}, timeout=30)
    return done.stdout.decode().strip()


def mlflow(folder: Path, url: str, commit: str, network: Mapping[str, str]) -> Callable[[], Taken]:
    """`mlflow run` of a commit; its environment is there after the first call."""
    program = _installed("mlflow", _MLFLOW, network) / "bin" / "mlflow"
    home = folder / "mlflow"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    path = [current().path.parent, Path(find_uv_bin()).parent, *_PATH]
    env = {
        **network,
        "PATH": ":".join(map(str, path)),
        "HOME": str(home),
        "UV_PYTHON_DOWNLOADS": "never",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{url}.insteadOf",
        "GIT_CONFIG_VALUE_0": ADDRESS,
        "MLFLOW_TRACKING_URI": f"file://{home}/runs",
        "MLFLOW_ALLOW_FILE_STORE": "true",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    argv = [str(program), "run", ADDRESS, "--version", commit, "--env-manager", "uv"]
    return lambda: command(argv, folder, env)


_PATH = os.environ["PATH"].split(":")


def _installed(name: str, packages: tuple[str, ...], network: Mapping[str, str]) -> Path:
    """An environment with these packages, made once and kept for the next time."""
    folder = PEERS / name
    done = folder / "installed"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        uv, env = find_uv_bin(), {"PATH": os.environ["PATH"], "HOME": str(PEERS), **network}
        python = str(folder / "bin" / "python")
        for argv in (
            [uv, "venv", "--quiet", "--no-config", "--python", str(current().path), str(folder)],
            [uv, "pip", "install", "--quiet", "--no-config", "--python", python, *packages],
        ):
            made = run(argv, env=env, timeout=300)
            if made.returncode:
                raise RuntimeError(made.complaint)
        done.touch()
    return folder


@contextmanager
def operator(
    home: Path, packages: str, cache: Path, network: Mapping[str, str]
) -> Iterator[Callable[[], Taken]]:
    """Airflow's `PythonVirtualenvOperator` with its cache, in a process that has Airflow loaded."""
    env = {
        **network,
        **{"PATH": os.environ["PATH"], "HOME": str(home), "AIRFLOW_HOME": str(home)},
        **{"UV_CACHE_DIR": str(cache), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"},
        "AIRFLOW_VAR_PYTHON_VIRTUALENV_OPERATOR_CACHE_KEY": "1",
    }
    argv = [sys.executable, "-m", "benchmarks.operator_driver", str(home / "cache")]
    with (home / "log").open("w") as log:
        process = subprocess.Popen(
            [*argv, *packages.split()],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        assert process.stdin is not None and process.stdout is not None
        read, write = process.stdout, process.stdin

        def once() -> Taken:
            write.write("go\n")
            write.flush()
            if not (line := read.readline()):
                raise RuntimeError((home / "log").read_text()[-300:])
            return Taken(*map(float, line.split()))

        try:
            yield once
        finally:
            write.close()
            process.wait(30)
            read.close()
