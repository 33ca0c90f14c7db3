"""The base distribution alone is a worker: what it needs is in it, and nothing else."""

from __future__ import annotations

import os
import sys
import zipfile
from pathlib import Path

import pytest
from uv import find_uv_bin

from taxiway import process
from taxiway.storage.cache import remove_tree

ROOT = Path(__file__).parents[2]
WORKER = Path(__file__).with_name("worker.py")
NETWORK = ("SSL_CERT_FILE", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy")
DATA = (
    "py.typed",
    "examples/digits/src/train.py",
    "examples/digits/requirements.txt",
    "git/local.gitconfig",
    "release/dag_template.py.jinja2",
    "server/web/static/index.html",
    "server/database/migrations/env.py",
    "server/database/migrations/script.py.mako",
    "server/database/migrations/versions/2a3cef5e97c1_add_git_fields.py",
)
SERVER_ONLY = ("airflow", "alembic", "fastapi", "jinja2", "pygit2", "sqlalchemy")

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("distribution")


def uv(folder: Path, *arguments: str) -> None:
    """uv as a fresh machine has it; its cache is that of the user where there is one."""
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "UV_PYTHON_DOWNLOADS": "never"}
    env |= {"UV_NO_CONFIG": "1", "UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR", f"{folder}/uv")}
    env |= {k: v for k, v in os.environ.items() if k in NETWORK or k.startswith("UV_INDEX")}
    done = process.run([find_uv_bin(), "--quiet", *arguments], env=env, cwd=folder, timeout=100)
    assert done.returncode == 0, done.complaint


@pytest.fixture(scope="module")
def wheel(folder: Path) -> Path:
    uv(folder, "build", "--wheel", "--python", sys.executable, "--out-dir", "dist", str(ROOT))
    (built,) = (folder / "dist").glob("*.whl")
    return built


@pytest.fixture(scope="module")
def scripts(folder: Path, wheel: Path) -> Path:
    """The `bin` of an environment that has the base distribution and nothing besides."""
    uv(folder, "venv", "--python", sys.executable, "installed")
    python = folder / "installed" / "bin" / "python"
    uv(folder, "pip", "install", "--python", str(python), str(wheel))
    return python.parent


def run(argv: list[str], folder: Path) -> process.Completed:
    env = {"PATH": os.environ["PATH"], "HOME": str(folder / "home")}
    return process.run(argv, env=env, cwd=folder, timeout=60)


def test_the_wheel_holds_every_file_that_is_no_module(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert [name for name in DATA if f"taxiway/{name}" not in names] == []
    assert [name for name in names if "__pycache__" in name] == []


def test_the_base_distribution_tells_its_version(scripts: Path, folder: Path) -> None:
    done = run([str(scripts / "taxiway"), "--version"], folder)
    assert done.stdout.decode().startswith("taxiway "), done.complaint


def test_the_command_that_needs_an_extra_names_it(scripts: Path, folder: Path) -> None:
    done = run([str(scripts / "taxiway"), "up"], folder)
    assert done.returncode == 7
    assert 'pip install "taxiway[' in done.complaint


def test_the_base_distribution_brings_nothing_of_the_server(scripts: Path) -> None:
    (site_packages,) = (scripts.parent / "lib").glob("python*/site-packages")
    assert [name for name in SERVER_ONLY if (site_packages / name).exists()] == []


def test_a_worker_with_the_base_distribution_runs_a_task(scripts: Path, folder: Path) -> None:
    done = run([str(scripts / "python"), str(WORKER), str(folder / "home")], folder)
    remove_tree(folder / "home")
    assert done.stdout.decode() == "6 times 7 is 42\n{'answer': 42}\n", done.complaint
