"""The calls of the API that tell what tasks wrote, were given, returned and left."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import httpx

from taxiway.client import events
from taxiway.client.answers import Json


class OutcomeCalls(ABC):
    """Part of the client: what has to do with one task of a run. `map_index` is one of the many
    elements that a task may run for."""

    @abstractmethod
    def _json(self, method: str, path: str, **request: Any) -> Json: ...

    @abstractmethod
    def _send(self, method: str, path: str, **request: Any) -> httpx.Response: ...

    @abstractmethod
    def _stream(self, path: str, query: Mapping[str, Any]) -> events.Open: ...

    def logs(
        self,
        run_id: str,
        task: str,
        *,
        after: int = 0,
        try_number: int | None = None,
        map_index: int | None = None,
    ) -> Json:
        """`lines` of one try, the latest by default, from line `after` on; `next` is where to go
        on. Each try begins at 0: `try_number` says which one the lines are of."""
        query = {"after": after, "try": try_number, "map_index": map_index}
        return self._json("GET", _path(run_id, task, "logs"), params=_given(query))

    def follow_log(
        self,
        run_id: str,
        task: str,
        *,
        try_number: int | None = None,
        map_index: int | None = None,
    ) -> Iterator[events.Event]:
        """`line` for each line of the latest try and of later ones, live; `end`."""
        query = _given({"try": try_number, "map_index": map_index})
        return events.follow(self._stream(_path(run_id, task, "logs/stream"), query))

    def value(self, run_id: str, task: str, *, map_index: int | None = None) -> Any:
        """What a task returned: of one that ran for many elements the list of all, or of one."""
        path = _path(run_id, task, "value")
        return self._json("GET", path, params=_given({"map_index": map_index}))["value"]

    def task_record(self, run_id: str, task: str, *, map_index: int | None = None) -> Json:
        """What went into a task run and what came out, by digests."""
        path = _path(run_id, task, "record")
        return self._json("GET", path, params=_given({"map_index": map_index}))

    def record_file(
        self, run_id: str, task: str, digest: str, *, map_index: int | None = None
    ) -> bytes:
        """An object that the record of a task run names."""
        path = _path(run_id, task, f"record/files/{digest}")
        return self._send("GET", path, params=_given({"map_index": map_index})).content

    def artifacts(self, run_id: str, task: str, *, map_index: int | None = None) -> list[Json]:
        """The files that a task left: path, size and digest."""
        path = _path(run_id, task, "artifacts")
        return list(self._json("GET", path, params=_given({"map_index": map_index}))["items"])

    def artifact(
        self, run_id: str, task: str, name: str, *, map_index: int | None = None
    ) -> Iterator[bytes]:
        """One of these files, piece by piece."""
        path = _path(run_id, task, f"artifacts/{quote(name)}")
        with self._stream(path, _given({"map_index": map_index}))({}) as answer:
            yield from answer.iter_bytes()

    def metrics(self, workflow_id: str, **query: Any) -> list[Json]:
        """Each number that tasks returned, over the runs of the workflow."""
        path = f"/api/v1/workflows/{workflow_id}/metrics"
        return list(self._json("GET", path, params=query)["items"])


def _path(run_id: str, task: str, rest: str) -> str:
    return f"/api/v1/runs/{run_id}/tasks/{task}/{rest}"


def _given(query: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in query.items() if value is not None}
