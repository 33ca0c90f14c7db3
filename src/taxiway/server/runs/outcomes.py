"""What task runs were given and what they returned: values, files, metrics, equal task runs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from taxiway.errors import NotFound, Unavailable
from taxiway.server.database import MetricRow, ReleaseRow, RunRow, TaskRunRow
from taxiway.server.runs.records import Left, Records
from taxiway.storage import digests
from taxiway.storage.cache import Cache
from taxiway.storage.store import Storage

TAG = "__taxiway__"
_EQUAL = 50  # task runs that were given the same, the newest
_SUFFIXES = {"npy": "npy", "arrow": "arrow", "png": "png", "html": "html", "json": "json"}
_TYPES = {
    "arrow": "application/vnd.apache.arrow.file",
    "png": "image/png",
    "html": "text/html",
    "json": "application/json",
}


@dataclass(frozen=True)
class Stored:
    """An object of `values/`, as it is handed out."""

    digest: str
    name: str
    media_type: str = "application/octet-stream"


def records_of(session: Session, records: Records, run: RunRow, task: str) -> list[Left]:
    """The records of a task's runs, by element: those that are kept, else those so far."""
    query = select(TaskRunRow).where(TaskRunRow.run_id == run.id, TaskRunRow.task == task)
    rows = session.scalars(query.order_by(TaskRunRow.map_index)).all()
    if rows:
        return [Left(row.task, row.map_index, row.record_digest, row.record) for row in rows]
    found = [one for one in records.left(run) if one.task == task]
    return sorted(found, key=lambda one: one.map_index)


def record_of(found: Sequence[Left], run: RunRow, task: str, map_index: int | None) -> Left:
    """The one of them that is meant. `NotFound` (`record-not-found`)."""
    wanted = [one for one in found if map_index in (None, -1, one.map_index)]
    if not wanted:
        which = "" if map_index in (None, -1) else f" for element {map_index}"
        raise NotFound(
            "record-not-found",
            f"There is no record of the task {task[:100]} of run {run.id}{which}",
            hint="There is one when a try of the task has ended.",
        )
    return wanted[0]


def equal_to(session: Session, run: RunRow, task: str, given: str) -> list[str]:
    """Ids of other runs whose task was given the same at the same release, newest first."""
    digest = select(ReleaseRow.digest).where(ReleaseRow.id == run.release_id).scalar_subquery()
    query = (
        select(TaskRunRow.run_id)
        .join(RunRow, RunRow.id == TaskRunRow.run_id)
        .join(ReleaseRow, ReleaseRow.id == RunRow.release_id)
        .where(TaskRunRow.given == given, TaskRunRow.task == task)
        .where(TaskRunRow.run_id != run.id, ReleaseRow.digest == digest)
        .order_by(TaskRunRow.created_at.desc(), TaskRunRow.run_id)
        .limit(_EQUAL)
    )
    return list(dict.fromkeys(session.scalars(query)))


def part_of(value: Any, pointer: str) -> Any:
    """The part of an encoded value at a JSON pointer, as its summary names it. `NotFound`
    (`value-part-not-found`)."""
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        inner = value
        if isinstance(value, dict) and TAG in value:
            inner = value.get("fields") or value.get("items")
        try:
            value = inner[int(name)] if isinstance(inner, list) else inner[name]
        except (KeyError, IndexError, ValueError, TypeError):
            raise _no_part(pointer) from None
    return value


def stored_of(value: Any, task: str, form: str | None) -> Stored | None:
    """The object that a reference names, in another `form` if one is kept; None for a value that
    is JSON itself."""
    if not isinstance(value, dict) or value.get(TAG) != "value":
        return None
    parts = value.get("parts", {}) | {
        "thumbnail": value.get("summary", {}).get("thumbnail"),
        value["format"]: {"digest": value["digest"], "media_type": None},
    }
    chosen = parts.get(form or value["format"])
    if chosen is None:
        kept = ", ".join(name for name, part in parts.items() if part)
        raise NotFound(
            "value-part-not-found",
            f"The value is not kept as {str(form)[:50]}",
            hint=f"It is kept as: {kept}.",
        )
    name = form or value["format"]
    suffix = _SUFFIXES.get(name, {"thumbnail": "png", "pickle": "pkl"}.get(name, name))
    shown = value.get("name") if name == "file" else f"{task}.{suffix}"
    media_type = chosen.get("media_type") or _TYPES.get(name, "application/octet-stream")
    return Stored(chosen["digest"], str(shown), media_type)


def fetch(storage: Storage, cache: Cache, digest: str) -> Path:
    """The object's file in the cache, its hash checked. `NotFound` (`value-not-found`)."""

    def download(target: Path) -> None:
        try:
            storage.download(f"values/{digest}", target)
        except NotFound:
            raise NotFound(
                "value-not-found", f"The storage has no value {digest}", hint="It was removed."
            ) from None
        target.chmod(0o444)

    path = cache.ensure("values", digest, download)
    if not digests.is_still_named(path, digest):
        cache.set_aside("values", digest, lambda: "its bytes differ from its name")
        raise Unavailable(
            "value-damaged",
            f"What is kept under values/{digest} differs from its name",
            hint="The object was damaged: remove it, then run the task that made it again.",
        )
    return path


def without_values(
    session: Session, storage: Storage, run: RunRow, other_than: Collection[str]
) -> list[str]:
    """The tasks, other than these, of whose values some are no longer in the storage."""
    query = select(TaskRunRow).where(
        TaskRunRow.run_id == run.id, TaskRunRow.task.not_in(list(other_than))
    )
    lacking: dict[str, None] = {}
    for row in session.scalars(query.order_by(TaskRunRow.task, TaskRunRow.map_index)):
        digests = digests_in({"value": row.record["value"], "inputs": {}, "artifacts": []})
        if not all(storage.exists(f"values/{digest}") for digest in digests):
            lacking[row.task] = None
    return list(lacking)


def digests_in(record: dict[str, Any]) -> Iterator[str]:
    """All objects that a record names: of its value, of its inputs, of its artifacts."""
    for here in _dictionaries(record):
        if "digest" in here and ("size" in here or TAG in here):
            yield str(here["digest"])


def folders_in(record: dict[str, Any]) -> Iterator[str]:
    """The indexes of the folders among them."""
    for here in _dictionaries(record):
        if here.get(TAG) == "value" and here.get("format") == "folder":
            yield str(here["digest"])


def _dictionaries(record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    waiting: list[Any] = [record["value"], record["inputs"], record["artifacts"]]
    while waiting:
        here = waiting.pop()
        if isinstance(here, list):
            waiting += here
        elif isinstance(here, dict):
            yield here
            waiting += here.values()


def metrics_of(
    session: Session, workflow_id: str, *, task: str | None, name: str | None, limit: int
) -> list[tuple[MetricRow, RunRow, ReleaseRow | None]]:
    """The numbers that task runs of a workflow returned, newest run first, with where they are
    from."""
    runs = select(MetricRow.run_id, MetricRow.created_at).where(
        MetricRow.workflow_id == workflow_id
    )
    runs = runs.where(MetricRow.task == task) if task is not None else runs
    runs = runs.where(MetricRow.name == name) if name is not None else runs
    newest = runs.distinct().order_by(MetricRow.created_at.desc(), MetricRow.run_id).limit(limit)
    wanted = newest.subquery()
    query = (
        select(MetricRow, RunRow, ReleaseRow)
        .join(wanted, wanted.c.run_id == MetricRow.run_id)
        .join(RunRow, RunRow.id == MetricRow.run_id)
        .join(ReleaseRow, ReleaseRow.id == RunRow.release_id, isouter=True)
        .order_by(MetricRow.task, MetricRow.name, MetricRow.created_at, MetricRow.map_index)
    )
    query = query.where(MetricRow.task == task) if task is not None else query
    query = query.where(MetricRow.name == name) if name is not None else query
    return [(metric, run, release) for metric, run, release in session.execute(query)]


def _no_part(pointer: str) -> NotFound:
    return NotFound(
        "value-part-not-found",
        f"The value has no part {pointer[:200]}",
        hint="`summary.parts` of the value lists those that are files.",
    )
