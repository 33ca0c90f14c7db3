"""A worker in small: a real environment, a snapshot folder, a storage, and one task run."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from uv import find_uv_bin

from taxiway.process import run
from taxiway.runner.host import MemoryHost
from taxiway.runner.supervise import Supervision, Work, Worker
from taxiway.runner.values import ValueExchange
from taxiway.runner.warm.client import WarmProcess
from taxiway.runner.workspace import open_workspace
from taxiway.storage.cache import Cache, make_read_only, remove_tree
from taxiway.storage.store import Storage

NETWORK = ("SSL_CERT_FILE", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy")
PACKAGES = ("numpy", "pandas", "polars", "pyarrow", "matplotlib", "pillow")
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Bench:
    """Runs tasks below the level of releases: `run` is one task run, the host keeps its lines."""

    root: Path
    environment: Path
    snapshot: Path | None = None
    host: MemoryHost = field(default_factory=MemoryHost)
    worker_env: dict[str, str] = field(default_factory=lambda: {"PATH": os.environ["PATH"]})
    env_pass: tuple[str, ...] = ()
    run_as_user: str = "nobody"
    identity: Any = None
    warm_cache: Path | None = None  # where a warm process is known, if tasks are forked from one
    forked: list[bool] = field(default_factory=list)  # of each task that was run
    may_spawn: bool = False  # some tasks are never forked
    idle: float = 60.0
    started: Callable[[Supervision], None] = lambda supervision: None

    @property
    def storage(self) -> Storage:
        return Storage(f"file://{self.root / 'storage'}")

    @property
    def workspaces(self) -> list[Path]:
        return sorted((self.root / "cache" / "workspaces").iterdir())

    def write(self, files: dict[str, str]) -> None:
        """Make the snapshot, read-only as the real ones are."""
        self.snapshot = self.root / "cache" / "snapshots" / "tree"
        for name, text in files.items():
            path = self.snapshot / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        make_read_only(self.snapshot)

    def inline(self, source: str, **work: Any) -> Any:
        return self.run(source=source, **work)

    def script(self, path: str, function: str, **work: Any) -> Any:
        return self.run(script_path=path, function_name=function, **work)

    def warm_up(self) -> None:
        """Until tasks are forked, if they shall be."""
        until = time.monotonic() + 60
        while self.warm_cache and not (self.forked and self.forked[-1]):
            assert time.monotonic() < until, "no warm process came up"
            self.inline("def f():\n    pass")
        self.forked.clear()
        self.host.lines.clear()

    def run(self, **work: Any) -> Any:
        cache = Cache(self.root / "cache")
        full = Work(
            **{
                "task": "train",
                "python": self.environment / "bin" / "python",
                "environment": self.environment,
                "snapshot": self.snapshot,
                "commit": COMMIT,
                **work,
            }
        )
        with open_workspace(cache.root) as workspace:
            values = ValueExchange(workspace, self.storage, cache)
            worker = Worker(self.worker_env, self.env_pass, self.run_as_user, self.identity)
            warm = None
            if self.warm_cache is not None:
                known = Cache(self.warm_cache)
                warm = WarmProcess(known, full.environment, full.python, self.idle)
            supervision = Supervision(full, self.host, workspace, values, worker, warm=warm)
            self.started(supervision)
            try:
                return supervision.run()
            finally:
                if warm is not None:
                    if self.run_as_user != "root" and self.identity is None:
                        self.forked.append(warm.forked)
                    warm.close()


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real virtual environment without packages."""
    return make_environment(tmp_path_factory.mktemp("environment") / "bare")


@pytest.fixture(scope="session")
def numpy_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One that has numpy, and what else values are of. From uv's own cache: they are large."""
    return install(tmp_path_factory.mktemp("environment") / "numpy", *PACKAGES)


@pytest.fixture(scope="session")
def plotting_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for models, and for figures of plotly."""
    packages = ("numpy", "pandas", "polars", "pyarrow", "plotly", "scikit-learn")
    return install(tmp_path_factory.mktemp("environment") / "plotting", *packages)


def install(path: Path, *packages: str) -> Path:
    make_environment(path)
    env = {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "UV_NO_CONFIG": "1"}
    env |= {"UV_LINK_MODE": "hardlink"}
    network = {k: v for k, v in os.environ.items() if k in NETWORK or k.startswith("UV_INDEX")}
    uv = find_uv_bin()
    done = run(
        [uv, "pip", "install", "-q", "--python", str(path / "bin" / "python"), *packages],
        env=env | network,
        timeout=200,
    )
    assert done.returncode == 0, done.complaint
    return path


def make_environment(path: Path) -> Path:
    argv = [sys.executable, "-m", "venv", "--without-pip", str(path)]
    done = run(argv, env={"PATH": os.environ["PATH"]}, timeout=120)
    assert done.returncode == 0, done.complaint
    return path


@pytest.fixture(params=["spawned", pytest.param("forked", marks=pytest.mark.long)])
def mode(request: pytest.FixtureRequest) -> str:
    """How tasks come to be: each in an interpreter of its own, or forked from a warm process."""
    return str(request.param)


@pytest.fixture(scope="session")
def warm_cache(tmp_path_factory: pytest.TempPathFactory, environment: Path) -> Iterator[Path]:
    """Where warm processes are known to all tests. They end when their environments change."""
    yield tmp_path_factory.mktemp("warm")
    os.utime(environment)


@pytest.fixture
def bench(
    tmp_path: Path, environment: Path, mode: str, request: pytest.FixtureRequest
) -> Iterator[Any]:
    made = Bench(tmp_path, environment)
    if mode == "forked":
        made.warm_cache = request.getfixturevalue("warm_cache")
    made.warm_up()
    yield made
    remove_tree(tmp_path / "cache")
    if made.warm_cache and made.forked and not made.may_spawn:
        assert all(made.forked)
