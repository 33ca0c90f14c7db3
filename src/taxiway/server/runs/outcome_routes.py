"""`/runs/{id}/tasks/{task}/value`, `/record`, `/artifacts`, and `/workflows/{id}/metrics`."""

from __future__ import annotations

import json
import os
import tempfile
from itertools import groupby
from typing import Annotated, Any
from urllib.parse import quote
from zipfile import ZIP_DEFLATED, ZipFile

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import FileResponse, Response
from sqlalchemy.orm import Session
from starlette.background import BackgroundTask

from taxiway.errors import NotFound
from taxiway.server.database import RunRow
from taxiway.server.dependencies import Reading
from taxiway.server.runs import outcomes, service
from taxiway.server.runs.dependencies import OrchestratorDep
from taxiway.server.runs.outcome_schemas import (
    ArtifactList,
    ArtifactResponse,
    MetricList,
    MetricPoint,
    MetricSeries,
    RecordList,
    RecordResponse,
    ValueResponse,
)
from taxiway.server.runs.outcomes import Stored
from taxiway.server.runs.records import Left, Records, given_of
from taxiway.server.workflows import service as workflows
from taxiway.storage.cache import Cache
from taxiway.storage.store import Storage

router = APIRouter(prefix="/api/v1", tags=["runs"])

RunId = Annotated[str, Path(description="UUID of the run.")]
TaskName = Annotated[str, Path(description="The task's name.")]
Element = Annotated[
    int | None, Query(ge=-1, description="Which element of a mapped task; the first.")
]
Form = Annotated[
    str | None, Query(alias="as", description="Another form of it: `svg`, `thumbnail`, `pickle`.")
]


class Shelf:
    """Where values are: in the storage, and for a while in the cache."""

    def __init__(self, request: Request) -> None:
        state = request.app.state
        self.storage: Storage = state.storage
        self.cache = Cache(state.settings.cache_dir)
        self.records = Records(state.storage, state.orchestrator)

    def send(self, stored: Stored) -> Response:
        """As a file to be kept: what users write is never shown as a page of ours."""
        path = outcomes.fetch(self.storage, self.cache, stored.digest)
        answer = FileResponse(path, media_type=stored.media_type, headers=_headers(stored.name))
        answer.headers["ETag"] = f'"{stored.digest}"'
        return answer

    def send_folder(self, stored: Stored) -> Response:
        """Packed as a zip file."""
        index = outcomes.fetch(self.storage, self.cache, stored.digest).read_bytes()
        fd, made = tempfile.mkstemp(suffix=".zip")
        with os.fdopen(fd, "wb") as file, ZipFile(file, "w", ZIP_DEFLATED, compresslevel=1) as pack:
            for name, kind, what, *_ in json.loads(index)["entries"]:
                if kind == "folder":
                    pack.mkdir(name)
                elif kind == "file":
                    pack.write(outcomes.fetch(self.storage, self.cache, what), name)
        headers = _headers(f"{stored.name.removesuffix('.folder')}.zip")
        done = BackgroundTask(os.unlink, made)
        return FileResponse(made, media_type="application/zip", headers=headers, background=done)


ShelfDep = Annotated[Shelf, Depends(Shelf)]


@router.get(
    "/runs/{run_id}/tasks/{task}/value",
    operation_id="getTaskValue",
    response_model=ValueResponse,
)
def read_value(
    run_id: RunId,
    task: TaskName,
    session: Reading,
    orchestrator: OrchestratorDep,
    shelf: ShelfDep,
    map_index: Element = None,
) -> ValueResponse:
    """What a task returned, with the summary that was made when it was written."""
    run = service.get_run(session, run_id)
    service.require_name(task)
    found = outcomes.records_of(session, shelf.records, run, task)
    ended = {one.map_index: one.record for one in found if one.record["state"] == "success"}
    if map_index in (None, -1) and any(one.map_index >= 0 for one in found):
        everything = [ended.get(i, {}) for i in range(max(one.map_index for one in found) + 1)]
        return ValueResponse(
            task=task,
            value=[record.get("value") for record in everything],
            summaries=[record.get("summary", {}) for record in everything],
        )
    element = -1 if map_index is None else map_index
    record = ended.get(element)
    if record is None or (record["value"] is None and element < 0):
        value = orchestrator.value(run.dag_id, run.airflow_run_id, task, map_index=element)
        return ValueResponse(task=task, value=value, map_index=map_index)
    return ValueResponse(
        task=task,
        value=record["value"],
        map_index=element if element >= 0 else None,
        digest=record["digests"]["value"],
        summary=record["summary"],
    )


@router.get(
    "/runs/{run_id}/tasks/{task}/value/download",
    operation_id="downloadTaskValue",
    response_class=FileResponse,
)
def download_value(
    run_id: RunId,
    task: TaskName,
    session: Reading,
    orchestrator: OrchestratorDep,
    shelf: ShelfDep,
    map_index: Element = None,
    part: Annotated[
        str, Query(description="A part of it, as `summary.parts` names its place: `/model`.")
    ] = "",
    form: Form = None,
) -> Response:
    """The value as a file: in the format that it is kept in, or as JSON."""
    told = read_value(run_id, task, session, orchestrator, shelf, map_index)
    value = outcomes.part_of(told.value, part)
    stored = outcomes.stored_of(value, task, form)
    if stored is not None:
        is_folder = value.get("format") == "folder" and form is None
        return shelf.send_folder(stored) if is_folder else shelf.send(stored)
    data = json.dumps(value, allow_nan=False)
    return Response(data, media_type="application/json", headers=_headers(f"{task}.json"))


@router.get("/runs/{run_id}/tasks/{task}/record", operation_id="getTaskRecord")
def read_record(
    run_id: RunId, task: TaskName, session: Reading, shelf: ShelfDep, map_index: Element = None
) -> RecordResponse:
    """What went into a task run and what came out, by digests."""
    run = service.get_run(session, run_id)
    return _told(session, run, task, _record(session, shelf, run, task, map_index))


@router.get(
    "/runs/{run_id}/tasks/{task}/records",
    operation_id="listTaskRecords",
    response_model=RecordList,
)
def list_records(
    run_id: RunId,
    task: TaskName,
    session: Reading,
    shelf: ShelfDep,
    map_index: Annotated[int | None, Query(ge=-1, description="Of this element only.")] = None,
) -> RecordList:
    """The same of every element of a mapped task. A task that failed before it was given anything
    has none, and that is no error."""
    run = service.get_run(session, run_id)
    service.require_name(task)
    found = outcomes.records_of(session, shelf.records, run, task)
    items = [_told(session, run, task, one) for one in found if map_index in (None, one.map_index)]
    return RecordList(items=items, total=len(items))


def _told(session: Session, run: RunRow, task: str, one: Left) -> RecordResponse:
    record = one.record
    return RecordResponse(
        task=task,
        map_index=one.map_index,
        try_number=record["try_number"],
        release_digest=record["release"],
        state=record["state"],
        params=record["params"],
        inputs=record["inputs"],
        digests=record["digests"],
        record_digest=one.digest,
        equal_runs=outcomes.equal_to(session, run, task, given_of(record)),
    )


@router.get(
    "/runs/{run_id}/tasks/{task}/record/files/{digest}",
    operation_id="downloadTaskInput",
    response_class=FileResponse,
)
def download_file(
    run_id: RunId,
    task: TaskName,
    digest: Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="Digest of the object.")],
    session: Reading,
    shelf: ShelfDep,
    map_index: Element = None,
) -> Response:
    """One of the objects that the record names: of the inputs, of the value."""
    run = service.get_run(session, run_id)
    one = _record(session, shelf, run, task, map_index)
    known = set(outcomes.digests_in(one.record))
    for index in outcomes.folders_in(one.record) if digest not in known else ():
        entries = json.loads(outcomes.fetch(shelf.storage, shelf.cache, index).read_bytes())
        known.update(str(entry[2]) for entry in entries["entries"] if entry[1] == "file")
    if digest not in known:
        raise NotFound("value-not-found", f"The record of {task} names no object {digest}")
    return shelf.send(Stored(digest, digest))


@router.get("/runs/{run_id}/tasks/{task}/artifacts", operation_id="listArtifacts")
def list_artifacts(
    run_id: RunId, task: TaskName, session: Reading, shelf: ShelfDep, map_index: Element = None
) -> ArtifactList:
    """The files that a task left in `context["artifacts"]`."""
    run = service.get_run(session, run_id)
    items = _record(session, shelf, run, task, map_index).record["artifacts"]
    return ArtifactList(items=[ArtifactResponse(**item) for item in items], total=len(items))


@router.get(
    "/runs/{run_id}/tasks/{task}/artifacts/{path:path}",
    operation_id="downloadArtifact",
    response_class=FileResponse,
)
def download_artifact(
    run_id: RunId,
    task: TaskName,
    path: Annotated[str, Path(description="Its path below the folder.")],
    session: Reading,
    shelf: ShelfDep,
    map_index: Element = None,
) -> Response:
    """One of these files."""
    run = service.get_run(session, run_id)
    for item in _record(session, shelf, run, task, map_index).record["artifacts"]:
        if item["path"] == path:
            return shelf.send(Stored(item["digest"], path.rpartition("/")[2]))
    raise NotFound("artifact-not-found", f"The task {task} left no artifact {path[:200]}")


@router.get("/workflows/{workflow_id}/metrics", operation_id="listMetrics")
def list_metrics(
    workflow_id: Annotated[str, Path(description="UUID of the workflow.")],
    session: Reading,
    task: Annotated[str | None, Query(description="Of this task only.")] = None,
    name: Annotated[str | None, Query(description="This metric only.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="The newest runs.")] = 100,
) -> MetricList:
    """Each number that tasks returned, over the runs of the workflow: ready to plot."""
    workflows.get(session, workflow_id)
    found = outcomes.metrics_of(session, workflow_id, task=task, name=name, limit=limit)
    items = [
        MetricSeries(task=key[0], name=key[1], points=[_point(*one) for one in group])
        for key, group in groupby(found, key=lambda one: (one[0].task, one[0].name))
    ]
    return MetricList(items=items, total=len(items))


def _point(metric: Any, run: Any, release: Any) -> MetricPoint:
    return MetricPoint(
        run_id=run.id,
        map_index=metric.map_index,
        value=metric.value,
        release=release.number if release else None,
        commit=release.commit if release else None,
        at=metric.created_at,
    )


def _record(session: Any, shelf: Shelf, run: Any, task: str, map_index: int | None) -> Left:
    service.require_name(task)
    found = outcomes.records_of(session, shelf.records, run, task)
    return outcomes.record_of(found, run, task, map_index)


def _headers(name: str) -> dict[str, str]:
    shown = "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else "_" for c in name)
    return {
        "Content-Disposition": f"attachment; filename=\"{shown}\"; filename*=UTF-8''{quote(name)}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox",
    }
