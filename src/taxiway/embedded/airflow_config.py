"""Airflow's settings for one light, quick machine; each value was measured or has its reason here.

What the user's own environment says (`AIRFLOW__SECTION__KEY`) wins over `tuning`, and loses to
`fixed`, without which the stack would not hold together.
"""

from __future__ import annotations

import json
from pathlib import Path

from taxiway.embedded import secret_files
from taxiway.embedded.config import LOOPBACK, StackConfig

USERNAME = "taxiway"
BUNDLE = "taxiway"
LOCAL_SETTINGS = """\
from taxiway.airflow.preload import preload as _preload

_preload()
"""
_CFG = (
    "# Taxiway starts Airflow with settings in its environment; what is set here applies besides.\n"
)


def prepare(config: StackConfig) -> None:
    """Write what Airflow reads from its home before it starts."""
    home = config.airflow_home
    (home / "config").mkdir(parents=True, exist_ok=True)
    (home / "config" / "airflow_local_settings.py").write_text(LOCAL_SETTINGS)
    cfg = home / "airflow.cfg"
    if not cfg.exists():  # else every component writes one, 2,000 lines, at the same time
        cfg.write_text(_CFG)
    secret_files.keep(config.passwords, lambda: secret_files.passwords(USERNAME))


def environment(config: StackConfig, port: int) -> dict[str, str]:
    """The variables for every Airflow component, with Airflow's API on `port`."""
    theirs = {name: value for name, value in config.environ.items() if name.startswith("AIRFLOW_")}
    return tuning(config) | theirs | fixed(config, port)


def tuning(config: StackConfig) -> dict[str, str]:
    """Values that the user may prefer otherwise."""
    return {
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": str(min(8, max(4, 2 * config.cores))),
        # 0.05 costs 30 % of a core when idle; 1, the default, costs 0.9 s between two tasks
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",
        # tasks of a scheduler that was killed start again soon, not after five minutes
        "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "30",
        "AIRFLOW__DAG_PROCESSOR__BUNDLE_REFRESH_CHECK_INTERVAL": "1",
        # a deploy asks for its file to be parsed; parsing all again changes nothing
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "86400",
        "AIRFLOW__DAG_PROCESSOR__STALE_BUNDLE_CLEANUP_INTERVAL": "1800",
        "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": str(min(2, config.cores)),
        "AIRFLOW__WORKERS__MISSING_DAG_RETRIES": "5",
        "AIRFLOW__WORKERS__MISSING_DAG_RETRY_DELAY": "2",
        "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
        "AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
    }


def fixed(config: StackConfig, port: int) -> dict[str, str]:
    """Values that the parts of the stack rely on."""
    home = config.airflow_home
    url = f"http://{LOOPBACK}:{port}"
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW_CONFIG": str(home / "airflow.cfg"),
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__DAG_DISCOVERY_SAFE_MODE": "False",
        # the default, 30 s, silently drops a deploy made within 30 s of the last
        "AIRFLOW__CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": "0",
        "AIRFLOW__CORE__MIN_SERIALIZED_DAG_FETCH_INTERVAL": "0",
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(home / "plugins"),
        # without it tasks fail with "Connection refused" and no log on any port but 8080
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USERNAME}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(config.passwords),
        "AIRFLOW__API__HOST": LOOPBACK,
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
        "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(
            home / "logs" / "dag_processor"
        ),
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH": str(home / "bundles"),
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": bundle_list(),
        "SCARF_ANALYTICS": "false",
        "DO_NOT_TRACK": "1",
    } | _secrets(home)


def bundle_list() -> str:
    """The one Dag bundle, as Airflow's setting wants it."""
    bundle = {
        "name": BUNDLE,
        "classpath": "taxiway.airflow.bundle.TaxiwayBundle",
        "kwargs": {"refresh_interval": 30},
    }
    return json.dumps([bundle])


def _secrets(home: Path) -> dict[str, str]:
    generators = {
        "AIRFLOW__CORE__FERNET_KEY": ("fernet-key", secret_files.fernet_key),
        "AIRFLOW__API__SECRET_KEY": ("secret-key", secret_files.token),
        "AIRFLOW__API_AUTH__JWT_SECRET": ("jwt-secret", secret_files.token),
    }
    return {
        variable: secret_files.keep(home / "secrets" / name, generate).reveal()
        for variable, (name, generate) in generators.items()
    }
