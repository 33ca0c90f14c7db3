"""Airflow behind the port. The only module that knows the paths of Airflow's REST API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from taxiway.errors import NotFound, Unavailable
from taxiway.server.orchestrator.airflow_http import AirflowSession
from taxiway.server.orchestrator.port import (
    DagState,
    LogLine,
    LogPage,
    PartHealth,
    RunState,
    TaskState,
)

SENTINEL = "taxiway_sentinel"
_TRIGGERS = {"scheduled": "schedule", "backfill": "backfill", "manual": "manual"}
_PAGE = 100
_SOURCES = "::group::Log message source details"


class AirflowOrchestrator:
    """The port, on Airflow 3.3 or newer."""

    parts = ("airflow_api", "airflow_scheduler", "airflow_dag_processor")

    def __init__(self, session: AirflowSession) -> None:
        self._http = session

    def health(self) -> Mapping[str, PartHealth]:
        try:
            parts = self._http.anonymous("/api/v2/monitor/health")
            names = {"scheduler": "airflow_scheduler", "dag_processor": "airflow_dag_processor"}
            health = {
                ours: PartHealth(
                    (parts.get(theirs) or {}).get("status") == "healthy",
                    f"last heartbeat {(parts.get(theirs) or {}).get(f'latest_{theirs}_heartbeat')}",
                )
                for theirs, ours in names.items()
            }
            metadata_ok = (parts.get("metadatabase") or {}).get("status") == "healthy"
            return {"airflow_api": PartHealth(metadata_ok, "answers")} | health
        except (Unavailable, AttributeError) as error:
            down = PartHealth(False, str(error))
            return dict.fromkeys(self.parts, down)

    def look(self, dag_id: str) -> None:
        raw = self._dag(dag_id)
        if raw is None or raw["is_stale"]:
            # A file that Airflow does not know has no token of its own; a request for the
            # sentinel's refreshes the whole bundle.
            raw = self._dag(SENTINEL)
        if raw is None:
            raise Unavailable(
                "airflow-not-ready",
                "Airflow has not read the Taxiway bundle yet",
                hint="It does so within seconds of its start.",
            )
        response = self._http.send("PUT", f"/api/v2/parseDagFile/{quote(raw['file_token'])}")
        # 409: a request is pending already. 404: the file has just gone.
        if response.is_error and response.status_code not in (404, 409):
            raise Unavailable(
                "airflow-refused", f"Airflow refused to look at {dag_id}: {response.status_code}"
            )

    def dag(self, dag_id: str) -> DagState | None:
        raw = self._dag(dag_id)
        if raw is None:
            return None
        return DagState(
            dag_id=dag_id,
            tags=frozenset(tag["name"] for tag in raw["tags"]),
            generation=int(raw["bundle_version"]) if raw["bundle_version"] else None,
            is_paused=raw["is_paused"],
            is_stale=raw["is_stale"],
            has_import_errors=raw["has_import_errors"],
        )

    def import_error(self, dag_id: str) -> str | None:
        raw = self._http.json("GET", "/api/v2/importErrors", params={"limit": _PAGE})
        for error in raw["import_errors"]:
            if error["filename"].endswith(f"/{dag_id}.py"):
                return str(error["stack_trace"])
        return None

    def unpause(self, dag_id: str) -> None:
        self._http.json("PATCH", f"/api/v2/dags/{quote(dag_id)}", json={"is_paused": False})

    def delete(self, dag_id: str) -> None:
        try:
            self._http.json("DELETE", f"/api/v2/dags/{quote(dag_id)}")
        except NotFound:
            return

    def trigger(
        self,
        dag_id: str,
        airflow_run_id: str,
        *,
        conf: Mapping[str, Any],
        logical_date: datetime | None = None,
    ) -> RunState:
        body = {
            "dag_run_id": airflow_run_id,
            "logical_date": logical_date.isoformat() if logical_date else None,
            "conf": dict(conf),
        }
        path = f"/api/v2/dags/{quote(dag_id)}/dagRuns"
        response = self._http.send("POST", path, json=body)
        if response.status_code == 409:
            existing = self.run(dag_id, airflow_run_id)
            if existing is not None:
                return existing
        if response.status_code == 404:
            raise NotFound("airflow-not-found", f"Airflow does not know the DAG {dag_id}")
        if response.is_error:
            raise Unavailable(
                "airflow-refused",
                f"Airflow refused the run: {response.status_code} {response.text[:300]}",
            )
        return _run(response.json())

    def run(self, dag_id: str, airflow_run_id: str) -> RunState | None:
        try:
            return _run(self._http.json("GET", _run_path(dag_id, airflow_run_id)))
        except NotFound:
            return None

    def runs_changed_since(self, moment: datetime) -> Sequence[RunState]:
        runs: list[RunState] = []
        while True:
            query: dict[str, str | int] = {
                "updated_at_gte": moment.isoformat(),
                "order_by": "updated_at",
                "limit": _PAGE,
                "offset": len(runs),
            }
            page = self._http.json("GET", "/api/v2/dags/~/dagRuns", params=query)["dag_runs"]
            runs += [_run(raw) for raw in page]
            if len(page) < _PAGE:
                return runs

    def tasks(self, dag_id: str, airflow_run_id: str) -> Sequence[TaskState]:
        tasks: list[TaskState] = []
        while True:
            path = f"{_run_path(dag_id, airflow_run_id)}/taskInstances"
            query = {"limit": _PAGE, "offset": len(tasks)}
            page = self._http.json("GET", path, params=query)["task_instances"]
            tasks += [_task(raw) for raw in page]
            if len(page) < _PAGE:
                return tasks

    def log(
        self,
        dag_id: str,
        airflow_run_id: str,
        task: str,
        *,
        try_number: int,
        token: str | None = None,
    ) -> LogPage:
        base = f"{_run_path(dag_id, airflow_run_id)}/taskInstances/{quote(task)}/logs/{try_number}"
        query = {"token": token} if token else {}
        try:
            raw = self._http.json("GET", base, params=query)
        except NotFound:
            return LogPage((), None)
        return LogPage(_lines(raw["content"] or ()), raw["continuation_token"])

    def value(self, dag_id: str, airflow_run_id: str, task: str) -> Any:
        path = f"{_run_path(dag_id, airflow_run_id)}/taskInstances/{quote(task)}"
        try:
            return self._http.json("GET", f"{path}/xcomEntries/return_value")["value"]
        except NotFound:
            raise NotFound(
                "value-not-found",
                f"The task {task} of this run has no value",
                hint="It has one when it has ended well and returned something.",
            ) from None

    def cancel(self, dag_id: str, airflow_run_id: str) -> None:
        self._http.json("PATCH", _run_path(dag_id, airflow_run_id), json={"state": "failed"})

    def _dag(self, dag_id: str) -> dict[str, Any] | None:
        try:
            return dict(self._http.json("GET", f"/api/v2/dags/{quote(dag_id)}"))
        except NotFound:
            return None


def _run_path(dag_id: str, airflow_run_id: str) -> str:
    return f"/api/v2/dags/{quote(dag_id)}/dagRuns/{quote(airflow_run_id, safe='')}"


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _run(raw: Mapping[str, Any]) -> RunState:
    return RunState(
        dag_id=raw["dag_id"],
        airflow_run_id=raw["dag_run_id"],
        state=raw["state"],
        trigger=_TRIGGERS.get(raw["run_type"], raw["run_type"]),
        generation=int(raw["bundle_version"]) if raw["bundle_version"] else None,
        logical_date=_moment(raw["logical_date"]),
        queued_at=_moment(raw["queued_at"]),
        started_at=_moment(raw["start_date"]),
        ended_at=_moment(raw["end_date"]),
        conf=raw["conf"] or {},
    )


def _task(raw: Mapping[str, Any]) -> TaskState:
    return TaskState(
        task=raw["task_id"],
        state=raw["state"] or "pending",
        try_number=raw["try_number"],
        queued_at=_moment(raw["queued_when"]),
        started_at=_moment(raw["start_date"]),
        ended_at=_moment(raw["end_date"]),
        duration=raw["duration"],
    )


def _lines(content: Sequence[Mapping[str, Any] | str]) -> list[LogLine]:
    """The lines of the log without the group that Airflow puts before them, about its files."""
    lines = [_line(entry) for entry in content]
    if lines and lines[0].text.startswith(_SOURCES):
        end = next((n for n, line in enumerate(lines) if line.text == "::endgroup::"), -1)
        del lines[: end + 1]
    return lines


def _line(entry: Mapping[str, Any] | str) -> LogLine:
    if isinstance(entry, str):
        return LogLine(entry)
    text = str(entry.get("event", ""))
    for detail in entry.get("error_detail") or []:
        text += f"\n{detail.get('exc_type', '')}: {detail.get('exc_value', '')}"
    return LogLine(
        text=text,
        timestamp=_moment(entry.get("timestamp")),
        level=str(entry.get("level", "info")),
        stream=str(entry.get("logger", "")),
    )
