"""The parts of the one-machine stack: the server, and Airflow's database and three components."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib import metadata

import httpx

from taxiway.embedded import airflow_config, ports
from taxiway.embedded.config import AIRFLOW_PORT, LOOPBACK, SERVER_PORT, StackConfig
from taxiway.embedded.part import PartSpec
from taxiway.embedded.remains import TOKEN
from taxiway.embedded.supervisor import Plan, Say
from taxiway.errors import Unavailable

DATABASE = "airflow-database"
_STAMP = "migrated"

# What the parts get of the environment of whoever starts the stack; all else stays outside.
_PASSED = {
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR"),
    *("LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    *("NIX_SSL_CERT_FILE", "GIT_SSL_CAINFO", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
}
_PASSED_PREFIXES = ("TAXIWAY_", "LC_", "XDG_", "UV_", "CUDA_", "NVIDIA_", "AWS_", "GOOGLE_")


_SERVER_ONLY = {"TAXIWAY_DATABASE_URL", "TAXIWAY_SECRET_KEY_FILE"}


def plan(config: StackConfig, token: str, say: Say) -> Plan:
    """Choose the ports, write Airflow's settings, and say what to start."""
    port = _port(config.port, SERVER_PORT, "server", say, frozenset())
    airflow_port = _port(config.airflow_port, AIRFLOW_PORT, "Airflow", say, frozenset({port}))
    airflow_config.prepare(config)
    base = base_environment(config, token)
    for_airflow = {name: value for name, value in base.items() if name not in _SERVER_ONLY}
    airflow_url = f"http://{LOOPBACK}:{airflow_port}"
    server = {
        "TAXIWAY_PORT": str(port),
        "TAXIWAY_AIRFLOW_URL": airflow_url,
        "TAXIWAY_AIRFLOW_USERNAME": airflow_config.USERNAME,
        "TAXIWAY_AIRFLOW_PASSWORD_FILE": str(config.passwords),
    }
    server_url = f"http://{LOOPBACK}:{port}"
    began = time.time()
    return Plan(
        parts=(
            PartSpec("server", (sys.executable, "-m", "taxiway.server"), base | server, refusal=2),
            *_airflow_parts(
                config, for_airflow | airflow_config.environment(config, airflow_port), say
            ),
        ),
        server_url=server_url,
        airflow_url=airflow_url,
        missing=lambda: missing(server_url, airflow_url, since=began),
    )


def _port(asked: int | None, default: int, whose: str, say: Say, taken: frozenset[int]) -> int:
    port = ports.choose(asked, default, taken=taken)
    if asked is None and port != default:
        say(f"Port {default} is taken: {whose} takes {port} instead")
    return port


def base_environment(config: StackConfig, token: str) -> dict[str, str]:
    """What every part gets: an allow-list, and what `TAXIWAY_TASK_ENV_PASS` names."""
    environ = config.environ
    allowed = environ.get("TAXIWAY_GIT_ALLOW_LOCAL", "")
    named = {name.strip() for name in environ.get("TAXIWAY_TASK_ENV_PASS", "").split(",")}
    passed = {
        name: value
        for name, value in environ.items()
        if name in _PASSED | named or name.startswith(_PASSED_PREFIXES)
    }
    return passed | {
        "TAXIWAY_HOME": str(config.home),
        "TAXIWAY_STORAGE": environ.get("TAXIWAY_STORAGE") or f"file://{config.home}/storage",
        "TAXIWAY_CACHE": environ.get("TAXIWAY_CACHE") or str(config.home / "cache"),
        # The demo's own repositories may always be used: a demo can then join this stack.
        "TAXIWAY_GIT_ALLOW_LOCAL": ":".join(filter(None, (allowed, str(config.demo)))),
        TOKEN: token,
        "PYTHONUNBUFFERED": "1",
    }


def _airflow_parts(config: StackConfig, env: Mapping[str, str], say: Say) -> Sequence[PartSpec]:
    airflow = (sys.executable, "-m", "airflow")
    address = ("--host", LOOPBACK, "--port", env["AIRFLOW__API__PORT"])
    after = None
    steps: list[PartSpec] = []
    stamp = config.airflow_home / _STAMP
    if not is_migrated(config):
        say("Preparing Airflow's database; the first start also compiles Airflow, up to a minute")
        after = DATABASE
        version = metadata.version("apache-airflow")
        script = f'"$@" && printf %s {version} > "$0"'
        argv = ("/bin/sh", "-c", script, str(stamp), *airflow, "db", "migrate")
        steps.append(PartSpec(DATABASE, argv, env, once=True, what="Airflow's database"))
    return [
        *steps,
        # the scheduler's own log server would listen on every address; files are read instead
        PartSpec("airflow-scheduler", (*airflow, "scheduler", "--skip-serve-logs"), env, after),
        # The scheduler cleans stale versions of the bundle up; two that meet in it may break.
        PartSpec(
            "airflow-dag-processor",
            (*airflow, "dag-processor"),
            {**env, "AIRFLOW__DAG_PROCESSOR__STALE_BUNDLE_CLEANUP_INTERVAL": "0"},
            after,
        ),
        PartSpec(
            "airflow-api-server", (*airflow, "api-server", "--workers", "1", *address), env, after
        ),
    ]


def is_migrated(config: StackConfig) -> bool:
    """Whether Airflow's database has the schema of the Airflow that is installed."""
    stamp = config.airflow_home / _STAMP
    if not (stamp.exists() and (config.airflow_home / "airflow.db").exists()):
        return False
    return stamp.read_text() == metadata.version("apache-airflow")


def missing(server_url: str, airflow_url: str, *, since: float = 0) -> Sequence[str]:
    """What the server says is not ready; the server itself while it does not answer.

    A heartbeat of Airflow from before `since` (Unix time) is one of a process that was killed.
    """
    try:
        answer = httpx.get(f"{server_url}/health/ready", timeout=10, trust_env=False)
        if not answer.is_success:
            return _not_ready(answer.json()) or ("server",)
        health = httpx.get(f"{airflow_url}/api/v2/monitor/health", timeout=10, trust_env=False)
        return _stale(health.json(), since) or _cold(airflow_url)
    except (httpx.HTTPError, ValueError):
        return ("server",)


def _stale(health: Mapping[str, Mapping[str, str | None]], since: float) -> Sequence[str]:
    beats = {
        "airflow-scheduler": health["scheduler"]["latest_scheduler_heartbeat"],
        "airflow-dag-processor": health["dag_processor"]["latest_dag_processor_heartbeat"],
    }
    return [
        name
        for name, beat in beats.items()
        if beat is None or datetime.fromisoformat(beat).timestamp() < since
    ]


def _cold(airflow_url: str) -> Sequence[str]:
    """The first request to the API that tasks speak to builds it, for seconds in which Airflow
    answers nobody; a task that made this request would give up and try again."""
    answer = httpx.get(f"{airflow_url}/execution/health/ping", timeout=120, trust_env=False)
    return ("airflow-execution-api",) if answer.is_server_error else ()


def _not_ready(body: object) -> Sequence[str]:
    """The names of the parts that are not well in the server's answer."""
    parts = body.get("parts") if isinstance(body, dict) else None
    if not isinstance(parts, dict):
        return ()
    return [name for name, part in parts.items() if not (isinstance(part, dict) and part.get("ok"))]


def require_installed() -> None:
    """Raise `Unavailable` where the distributions that the stack needs are not installed."""
    for name, extra in (("apache-airflow", "airflow"), ("fastapi", "server")):
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            raise Unavailable(
                "extra-missing",
                f"`taxiway up` needs {name}, which is not installed",
                hint=f'Install it with: pip install "taxiway[{extra}]", or "taxiway[all]".',
            ) from None
