from __future__ import annotations

import contextlib
import json
import stat
from pathlib import Path
from typing import Any

import httpx
import pytest

from taxiway.embedded import airflow_config
from taxiway.embedded import stack as stacks
from taxiway.embedded.config import StackConfig
from taxiway.embedded.remains import find


@pytest.fixture
def config(tmp_path: Path) -> StackConfig:
    return StackConfig(tmp_path / "home", environ={}, cores=2)


def with_environ(config: StackConfig, **environ: str) -> dict[str, str]:
    changed = StackConfig(config.home, environ=environ, cores=config.cores)
    return airflow_config.environment(changed, 8080)


def test_every_address_follows_the_port(config: StackConfig) -> None:
    settings = airflow_config.environment(config, 9123)
    assert settings["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:9123/execution/"
    assert settings["AIRFLOW__API__BASE_URL"] == "http://127.0.0.1:9123"
    assert settings["AIRFLOW__API__HOST"] == "127.0.0.1"


def test_all_that_airflow_writes_is_under_the_home(config: StackConfig) -> None:
    settings = airflow_config.environment(config, 8080)
    places = [
        *("AIRFLOW_HOME", "AIRFLOW__LOGGING__BASE_LOG_FOLDER"),
        *("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH", "AIRFLOW__CORE__DAGS_FOLDER"),
    ]
    assert all(settings[name].startswith(f"{config.home}/airflow") for name in places)
    assert settings["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == (
        f"sqlite:///{config.home}/airflow/airflow.db"
    )


def test_the_users_own_setting_wins_where_it_is_a_preference(config: StackConfig) -> None:
    settings = with_environ(config, AIRFLOW__CORE__PARALLELISM="3")
    assert settings["AIRFLOW__CORE__PARALLELISM"] == "3"


def test_the_users_own_setting_loses_where_the_stack_relies_on_it(config: StackConfig) -> None:
    settings = with_environ(config, AIRFLOW__CORE__EXECUTOR="CeleryExecutor", AIRFLOW_HOME="/x")
    assert settings["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert settings["AIRFLOW_HOME"] == str(config.airflow_home)


def test_secrets_stay_the_same_from_start_to_start(config: StackConfig) -> None:
    names = [
        "AIRFLOW__CORE__FERNET_KEY",
        "AIRFLOW__API__SECRET_KEY",
        "AIRFLOW__API_AUTH__JWT_SECRET",
    ]
    first, second = (airflow_config.environment(config, 8080) for _ in range(2))
    assert [first[name] for name in names] == [second[name] for name in names]
    assert len({first[name] for name in names}) == 3


def test_the_bundle_is_ours_alone() -> None:
    (bundle,) = json.loads(airflow_config.bundle_list())
    assert bundle["name"] == "taxiway"
    assert bundle["classpath"] == "taxiway.airflow.bundle.TaxiwayBundle"


def test_what_is_prepared_includes_a_password_that_only_the_owner_reads(
    config: StackConfig,
) -> None:
    airflow_config.prepare(config)
    airflow_config.prepare(config)
    assert stat.S_IMODE(config.passwords.stat().st_mode) == 0o600
    assert list(json.loads(config.passwords.read_text())) == [airflow_config.USERNAME]
    local = config.airflow_home / "config" / "airflow_local_settings.py"
    assert "taxiway.airflow.preload" in local.read_text()


@pytest.mark.system
def test_airflow_starts_with_our_bundle_and_nothing_else(stack: Any) -> None:
    client = httpx.Client(
        base_url=f"{stack.airflow_url}/api/v2",
        headers={"Authorization": f"Bearer {stack.airflow_token()}"},
        trust_env=False,
        timeout=30,
    )
    with client:
        dags = client.get("/dags", params={"limit": 100}).json()["dags"]
        errors = client.get("/importErrors").json()
    assert {dag["bundle_name"] for dag in dags} <= {airflow_config.BUNDLE}
    assert not any(dag["dag_id"].startswith("example") for dag in dags)
    assert errors["import_errors"] == []


@pytest.mark.system
def test_no_part_of_the_stack_listens_to_other_machines(stack: Any) -> None:
    running = stacks.running(stack.home)
    assert running is not None
    pids = find(running.parts.values(), running.token)
    addresses = {address for pid in pids for address in listening(pid)}
    assert len(addresses) >= 2  # the server's and Airflow's
    assert {address.partition(":")[0] for address in addresses} == {"0100007F"}


def listening(pid: int) -> list[str]:
    """The local addresses, as the kernel writes them, at which the process accepts; none of one
    that has ended meanwhile, as that of a task may."""
    sockets = set()
    found = []
    process = Path("/proc") / str(pid)
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for entry in (process / "fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                sockets.add(str(entry.readlink()))
        for table in ("tcp", "tcp6"):
            lines = (process / "net" / table).read_text().splitlines()[1:]
            for fields in map(str.split, lines):
                if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                    found.append(fields[1])
    return found
