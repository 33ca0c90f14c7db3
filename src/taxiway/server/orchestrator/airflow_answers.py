"""Airflow's answers, read: its JSON in our words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import httpx

from taxiway.errors import Conflict, Invalid, NotFound
from taxiway.server.orchestrator.airflow_http import understood
from taxiway.server.orchestrator.port import (
    BackfillState,
    LogLine,
    RecordTag,
    RunState,
    TaskState,
)

TIMINGS_KEY = "taxiway_timings"  # as `taxiway.airflow.operators` writes it
_TRIGGERS = {"scheduled": "schedule", "backfill": "backfill", "manual": "manual"}
_SOURCES = "::group::Log message source details"
RECORD_KEY = "taxiway_record"
_RECORD = re.compile(rf"{RECORD_KEY} record=([0-9a-f]{{64}})\b")
_TIMING = re.compile(r"(\w+)=(\d+(?:\.\d+)?)")


def moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def generation(raw: Mapping[str, Any]) -> int | None:
    """None for a DAG of another bundle, whose versions are no numbers."""
    version = str(raw["bundle_version"] or "")
    return int(version) if version.isdecimal() else None


def run_state(raw: Mapping[str, Any]) -> RunState:
    with understood("/dagRuns"):
        return RunState(
            dag_id=raw["dag_id"],
            airflow_run_id=raw["dag_run_id"],
            state=raw["state"],
            trigger=_TRIGGERS.get(raw["run_type"], raw["run_type"]),
            generation=generation(raw),
            logical_date=moment(raw["logical_date"]),
            queued_at=moment(raw["queued_at"]),
            started_at=moment(raw["start_date"]),
            ended_at=moment(raw["end_date"]),
            conf=raw["conf"] or {},
        )


def task_state(raw: Mapping[str, Any]) -> TaskState:
    return TaskState(
        task=raw["task_id"],
        state=raw["state"] or "pending",
        try_number=raw["try_number"],
        queued_at=moment(raw["queued_when"]),
        started_at=moment(raw["start_date"]),
        ended_at=moment(raw["end_date"]),
        duration=raw["duration"],
        map_index=raw.get("map_index", -1),
    )


def record_tags(entries: Sequence[Mapping[str, Any]]) -> list[RecordTag]:
    """From the keys of XComs; of several of one task run the latest."""
    found: dict[tuple[str, int], RecordTag] = {}
    for entry in sorted(entries, key=lambda entry: str(entry["timestamp"])):
        match = _RECORD.match(entry["key"])
        if match:
            place = entry["task_id"], entry.get("map_index", -1)
            found[place] = RecordTag(*place, match[1])
    return list(found.values())


def timings(entries: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """By task, from the keys of its XComs; of several, as after a wait, the latest."""
    found: dict[str, dict[str, float]] = {}
    for entry in sorted(entries, key=lambda entry: str(entry["timestamp"])):
        name, _, rest = entry["key"].partition(" ")
        if name == TIMINGS_KEY:
            phases = {phase: float(seconds) for phase, seconds in _TIMING.findall(rest)}
            found[entry["task_id"]] = phases
    return found


def log_lines(content: Sequence[Mapping[str, Any] | str]) -> list[LogLine]:
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
        timestamp=moment(entry.get("timestamp")),
        level=str(entry.get("level", "info")),
        stream=str(entry.get("logger", "")),
    )


def backfill_state(raw: Mapping[str, Any]) -> BackfillState:
    return BackfillState(
        id=int(raw["id"]),
        first=datetime.fromisoformat(raw["from_date"]),
        last=datetime.fromisoformat(raw["to_date"]),
        conf=raw["dag_run_conf"] or {},
        paused=bool(raw["is_paused"]),
        created_at=datetime.fromisoformat(raw["created_at"]),
        ended_at=moment(raw["completed_at"]),
    )


def backfill_error(dag_id: str, response: httpx.Response) -> Conflict | Invalid | NotFound:
    if response.status_code == 404:
        return NotFound("airflow-not-found", f"Airflow does not know the DAG {dag_id}")
    if response.status_code == 409:
        return Conflict(
            "backfill-active",
            f"A backfill of {dag_id} is in progress; Airflow runs one at a time",
            hint="Wait for its runs to end.",
        )
    return Invalid(
        "backfill-refused",
        f"Airflow refused the backfill: {response.status_code} {response.text[:300]}",
        hint="Choose moments of the past between which the schedule has ticks without a run.",
    )
