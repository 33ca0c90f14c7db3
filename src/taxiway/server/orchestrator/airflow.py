"""Airflow behind the port. The only module that knows the paths of Airflow's REST API."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

from taxiway.errors import Conflict, NotFound, Unavailable
from taxiway.server.orchestrator.airflow_answers import (
    RECORD_KEY,
    TIMINGS_KEY,
    backfill_error,
    backfill_state,
    generation,
    log_lines,
    record_tags,
    run_state,
    task_state,
    timings,
)
from taxiway.server.orchestrator.airflow_http import HINT, AirflowSession, decode, understood
from taxiway.server.orchestrator.airflow_pages import PAGE, by_cursor, by_offset
from taxiway.server.orchestrator.port import (
    ACTIVE,
    Backfill,
    BackfillOrder,
    BackfillState,
    DagState,
    LogPage,
    PartHealth,
    RecordTag,
    RunState,
    TaskState,
)

SENTINEL = "taxiway_sentinel"

T = TypeVar("T")


class AirflowOrchestrator:
    """The port, on Airflow 3.3 or newer."""

    parts = ("airflow_api", "airflow_scheduler", "airflow_dag_processor")

    def __init__(self, session: AirflowSession) -> None:
        self._http = session

    def close(self) -> None:
        self._http.close()

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

    def version(self) -> str:
        with understood("/version"):
            return str(self._http.json("GET", "/api/v2/version")["version"])

    def look(self, dag_id: str) -> None:
        raw = self._dag(dag_id)
        if raw is None or raw.get("is_stale"):
            # A file that Airflow does not know has no token of its own; a request for the
            # sentinel's refreshes the whole bundle.
            raw = self._dag(SENTINEL)
        if raw is None:
            raise Unavailable(
                "airflow-not-ready",
                "Airflow has not read the Taxiway bundle yet",
                hint="It does so within seconds of its start.",
            )
        with understood(f"/dags/{dag_id}"):
            token = quote(str(raw["file_token"]))
        response = self._http.send("PUT", f"/api/v2/parseDagFile/{token}")
        # 409: a request is pending already. 404: the file has just gone.
        if response.is_error and response.status_code not in (404, 409):
            raise Unavailable(
                "airflow-refused",
                f"Airflow refused to look at {dag_id}: {response.status_code}",
                hint=HINT,
            )

    def dag(self, dag_id: str) -> DagState | None:
        raw = self._dag(dag_id)
        if raw is None:
            return None
        with understood(f"/dags/{dag_id}"):
            return DagState(
                dag_id=dag_id,
                tags=frozenset(tag["name"] for tag in raw["tags"]),
                generation=generation(raw),
                is_paused=raw["is_paused"],
                is_stale=raw["is_stale"],
                has_import_errors=raw["has_import_errors"],
            )

    def import_error(self, dag_id: str) -> str | None:
        # `_` and `%` in the pattern are wildcards: it only narrows the list down.
        query: dict[str, str | int] = {"limit": PAGE, "filename_pattern": f"%/{dag_id}.py"}
        raw = self._http.json("GET", "/api/v2/importErrors", params=query)
        with understood("/importErrors"):
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
            if logical_date is not None:
                raise Conflict(
                    "logical-date-taken",
                    f"{dag_id} has a run for {logical_date.isoformat()} already",
                    hint="Retry that run, or give another logical_date.",
                )
        if response.status_code == 404:
            raise NotFound("airflow-not-found", f"Airflow does not know the DAG {dag_id}")
        if response.is_error:
            raise Unavailable(
                "airflow-refused",
                f"Airflow refused the run: {response.status_code} {response.text[:300]}",
                hint=HINT,
            )
        return run_state(decode(response))

    def run(self, dag_id: str, airflow_run_id: str) -> RunState | None:
        try:
            return run_state(self._http.json("GET", _run_path(dag_id, airflow_run_id)))
        except NotFound:
            return None

    def retry(self, dag_id: str, airflow_run_id: str, tasks: Sequence[str]) -> None:
        # `only_failed` would leave out what a cancel has skipped: the tasks are named instead.
        body = {
            "dry_run": False,
            "dag_run_id": airflow_run_id,
            "task_ids": list(tasks),
            "only_failed": False,
            "reset_dag_runs": True,
        }
        self._http.json("POST", f"/api/v2/dags/{quote(dag_id)}/clearTaskInstances", json=body)

    def backfill(self, order: BackfillOrder) -> Backfill:
        body = {
            "dag_id": order.dag_id,
            "from_date": order.first.isoformat(),
            "to_date": order.last.isoformat(),
            "dag_run_conf": dict(order.conf),
            "max_active_runs": order.max_active_runs,
        }
        path = "/api/v2/backfills/dry_run" if order.rehearsal else "/api/v2/backfills"
        response = self._http.send("POST", path, json=body)
        if response.is_error:
            raise backfill_error(order.dag_id, response)
        raw = decode(response)
        with understood(path):
            if not order.rehearsal:
                return Backfill(int(raw["id"]))
            dates = [datetime.fromisoformat(entry["logical_date"]) for entry in raw["backfills"]]
            return Backfill(None, dates)

    def backfills(self, dag_id: str, limit: int) -> Sequence[BackfillState]:
        path = "/api/v2/backfills"
        query = {"dag_id": dag_id, "limit": limit, "order_by": "-id"}
        page = self._http.json("GET", path, params=query)
        with understood(path):
            return [backfill_state(raw) for raw in page["backfills"]]

    def timings(self, dag_id: str, airflow_run_id: str) -> Mapping[str, Mapping[str, float]]:
        return self._told(dag_id, airflow_run_id, TIMINGS_KEY, timings)

    def records(self, dag_id: str, airflow_run_id: str) -> Sequence[RecordTag]:
        try:
            return self._told(dag_id, airflow_run_id, RECORD_KEY, record_tags)
        except NotFound:  # deleted in Airflow by hand
            return ()

    def _told(
        self, dag_id: str, airflow_run_id: str, prefix: str, read: Callable[[list[Any]], T]
    ) -> T:
        """What the tasks of a run left in the keys of their XComs."""
        path = f"{_run_path(dag_id, airflow_run_id)}/taskInstances/~/xcomEntries"
        entries = by_offset(self._http, path, "xcom_entries", {"xcom_key_prefix_pattern": prefix})
        with understood(path):
            return read(entries)

    def active_runs(self, dag_id: str) -> Sequence[RunState]:
        try:
            return self._runs(dag_id, {"state": list(ACTIVE), "order_by": "id"})
        except NotFound:
            return ()

    def runs_changed_since(self, moment: datetime) -> Sequence[RunState]:
        query = {"updated_at_gte": moment.isoformat(), "order_by": "updated_at"}
        return self._runs("~", query)

    def _runs(self, dag_id: str, query: Mapping[str, Any]) -> list[RunState]:
        path = f"/api/v2/dags/{quote(dag_id)}/dagRuns"
        found = by_cursor(self._http, path, "dag_runs", query)
        with understood(path):
            states = [run_state(raw) for raw in found]
        return list({(state.dag_id, state.airflow_run_id): state for state in states}.values())

    def tasks(self, dag_id: str, airflow_run_id: str) -> Sequence[TaskState]:
        path = f"{_run_path(dag_id, airflow_run_id)}/taskInstances"
        found = by_offset(self._http, path, "task_instances", {"order_by": "id"})
        with understood(path):
            return [task_state(raw) for raw in found]

    def log(
        self,
        dag_id: str,
        airflow_run_id: str,
        task: str,
        *,
        try_number: int,
        token: str | None = None,
        map_index: int = -1,
    ) -> LogPage:
        base = f"{_run_path(dag_id, airflow_run_id)}/taskInstances/{quote(task)}/logs/{try_number}"
        query: dict[str, str | int] = {"token": token} if token else {}
        query |= {"map_index": map_index} if map_index >= 0 else {}
        try:
            raw = self._http.json("GET", base, params=query)
        except NotFound:
            return LogPage((), None)
        with understood(base):
            return LogPage(log_lines(raw["content"] or ()), raw.get("continuation_token"))

    def value(self, dag_id: str, airflow_run_id: str, task: str, *, map_index: int = -1) -> Any:
        path = f"{_run_path(dag_id, airflow_run_id)}/taskInstances/{quote(task)}"
        try:
            raw = self._http.json(
                "GET", f"{path}/xcomEntries/return_value", params={"map_index": map_index}
            )
        except NotFound:
            raise NotFound(
                "value-not-found",
                f"The task {task} of this run has no value",
                hint="It has one when it has ended well and returned something.",
            ) from None
        with understood(path):
            return raw["value"]

    def cancel(self, dag_id: str, airflow_run_id: str) -> None:
        self._http.json("PATCH", _run_path(dag_id, airflow_run_id), json={"state": "failed"})

    def _dag(self, dag_id: str) -> dict[str, Any] | None:
        try:
            raw = self._http.json("GET", f"/api/v2/dags/{quote(dag_id)}")
        except NotFound:
            return None
        with understood(f"/dags/{dag_id}"):
            return dict(raw)


def _run_path(dag_id: str, airflow_run_id: str) -> str:
    return f"/api/v2/dags/{quote(dag_id)}/dagRuns/{quote(airflow_run_id, safe='')}"
