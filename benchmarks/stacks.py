"""Stacks that really run: ours with a folder of plain DAGs beside, and an Airflow as it comes."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from taxiway.embedded import airflow_config, parts, secret_files
from taxiway.embedded.config import StackConfig
from taxiway.embedded.supervisor import Plan, Planner, Say, Supervisor

_BUNDLES = "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"
# What is left of our settings in the Airflow that is as it comes: where it answers and keeps its
# files, that it holds no examples, and who may use it.
_OURS = (
    "AIRFLOW__CORE__DAG_DISCOVERY_SAFE_MODE",
    "AIRFLOW__CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL",
    "AIRFLOW__CORE__MIN_SERIALIZED_DAG_FETCH_INTERVAL",
    "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH",
    _BUNDLES,
)
_KEPT = "AIRFLOW__CORE__LOAD_EXAMPLES"
SECONDS = 180.0


class Airflow:
    """Airflow's own API: runs of a DAG, and how long they took by Airflow's own clock."""

    def __init__(self, url: str, passwords: Path) -> None:
        password = secret_files.password_of(passwords, airflow_config.USERNAME).reveal()
        user = {"username": airflow_config.USERNAME, "password": password}
        self._http = httpx.Client(base_url=url, timeout=60, trust_env=False)
        answer = self._http.post("/auth/token", json=user).raise_for_status()
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def wait_for_dag(self, dag_id: str) -> None:
        deadline = time.monotonic() + SECONDS
        while self._http.get(f"/api/v2/dags/{dag_id}").is_error:
            if time.monotonic() > deadline:
                raise RuntimeError(f"Airflow does not show {dag_id}")
            time.sleep(0.5)

    def seconds_of_a_run(self, dag_id: str) -> float:
        """Trigger a run; the seconds from when it was asked for to its end."""
        path = f"/api/v2/dags/{dag_id}/dagRuns"
        run = self._http.post(path, json={"logical_date": None}).raise_for_status().json()
        deadline = time.monotonic() + SECONDS
        while run["end_date"] is None:
            if time.monotonic() > deadline:
                raise RuntimeError(f"A run of {dag_id} has not ended: {run['state']}")
            time.sleep(0.5)
            run = self._get(f"{path}/{run['dag_run_id']}")
        if run["state"] != "success":
            raise RuntimeError(f"A run of {dag_id} ended as {run['state']}")
        return (_moment(run["end_date"]) - _moment(run["queued_at"])).total_seconds()

    def _get(self, path: str) -> dict[str, Any]:
        return dict(self._http.get(path).raise_for_status().json())


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@contextmanager
def ours(home: Path, *, plain_dags: Path, repositories: Path) -> Iterator[tuple[str, Airflow]]:
    """Our stack; its Airflow also has the DAGs of a folder. The server's URL, and that Airflow."""

    def plan(config: StackConfig, token: str, say: Say) -> Plan:
        made = parts.plan(config, token, say)
        plain = {
            "name": "plain",
            "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
            "kwargs": {"path": str(plain_dags)},
        }
        bundles = json.dumps([*json.loads(airflow_config.bundle_list()), plain])
        return replace(made, parts=_changed(made, {_BUNDLES: bundles}))

    settings = {"TAXIWAY_GIT_ALLOW_LOCAL": str(repositories)}
    with _started(home, plan, settings) as running:
        yield running


@contextmanager
def untuned(home: Path, *, plain_dags: Path) -> Iterator[Airflow]:
    """An Airflow as it comes, with the DAGs of a folder."""

    def plan(config: StackConfig, token: str, say: Say) -> Plan:
        made = parts.plan(config, token, say)
        dropped = {*_OURS, *airflow_config.tuning(config)} - {_KEPT}
        (config.airflow_home / "config" / "airflow_local_settings.py").write_text("")
        changed = _changed(made, {"AIRFLOW__CORE__DAGS_FOLDER": str(plain_dags)}, dropped)
        airflow = tuple(part for part in changed if part.name != "server")
        began = time.time()
        return replace(made, parts=airflow, missing=lambda: _missing(made.airflow_url, began))

    with _started(home, plan, {}) as (_, airflow):
        yield airflow


def _changed(made: Plan, values: Mapping[str, str], dropped: set[str] = frozenset()) -> Any:  # type: ignore[assignment]
    """The parts, those of Airflow with another environment."""
    return tuple(
        replace(part, env={k: v for k, v in part.env.items() if k not in dropped} | dict(values))
        if "AIRFLOW_HOME" in part.env
        else part
        for part in made.parts
    )


def _missing(airflow_url: str, since: float) -> Sequence[str]:
    try:
        health = httpx.get(f"{airflow_url}/api/v2/monitor/health", timeout=10, trust_env=False)
        beats = [
            health.json()["scheduler"]["latest_scheduler_heartbeat"],
            health.json()["dag_processor"]["latest_dag_processor_heartbeat"],
        ]
        httpx.get(f"{airflow_url}/execution/health/ping", timeout=120, trust_env=False)
    except (httpx.HTTPError, ValueError, KeyError):
        return ("airflow",)
    return () if all(beat and _moment(beat).timestamp() > since for beat in beats) else ("airflow",)


@contextmanager
def _started(home: Path, plan: Planner, settings: dict[str, str]) -> Iterator[tuple[str, Airflow]]:
    given = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW_", "TAXIWAY_"))}
    config = StackConfig(home=home, port=0, airflow_port=0, environ=given | settings)
    with Supervisor(config, plan=plan) as supervisor:
        running = supervisor.wait_ready()
        yield running.server_url, Airflow(running.airflow_url, config.passwords)
