"""What the API says of values, of what went into a task run, of artifacts and metrics."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field


class ValueResponse(BaseModel):
    """What a task returned."""

    task: str = Field(description="The task's name.")
    value: Any = Field(
        description="The value as JSON. What is no JSON stands as a reference: an object whose "
        '`__taxiway__` is "value", with its digest, format, type and size. Of a mapped task the '
        "list of the values of all elements, in order; null for one that has none."
    )
    map_index: int | None = Field(
        None, description="Which of many elements; null for all, or for a task that is not mapped."
    )
    digest: str | None = Field(None, description="Equal values have equal digests.")
    summary: dict[str, Any] = Field(
        {},
        description="What was told of it when it was written: `type`, `shape`, `dtype`, `size`, "
        "`min`, `max`, `nan`, `head` (first rows), `thumbnail`, `metrics`, and `parts`, the files "
        "in it by their place.",
    )
    summaries: list[dict[str, Any]] | None = Field(
        None, description="Of a mapped task the summary of each element."
    )


class InputResponse(BaseModel):
    """One thing that a task run received."""

    task: str = Field(description="The task that returned it.")
    path: str = Field(description="Where in its value: `.metrics.accuracy`; empty for all of it.")
    digest: str = Field(description="Digest of that task's value.")
    value: Any = Field(None, description="The value, as JSON or as a reference.")


class RecordResponse(BaseModel):
    """What went into a task run and what came out of it."""

    task: str = Field(description="The task's name.")
    map_index: int = Field(description="Which of many elements; -1 for a task that is not mapped.")
    try_number: int = Field(description="The try that it tells of: the latest that has ended.")
    release_digest: str = Field(description="The release that ran.")
    state: str = Field(description="`success` or `failed`.")
    params: dict[str, Any] = Field(description="The params after all overrides.")
    inputs: dict[str, InputResponse] = Field(description="By parameter.")
    digests: dict[str, str] = Field(
        description="`inputs`, `params`, and `value` where it ended well."
    )
    record_digest: str = Field(description="Digest of the whole record, its name in the storage.")
    equal_runs: list[str] = Field(
        description="Other runs in which the task was given equal inputs and params at the same "
        "release, newest first."
    )


class RecordList(BaseModel):
    """The records of a task, by element; none where no try got as far as being given something."""

    items: list[RecordResponse] = Field(description="One for each element that has one.")
    total: int = Field(description="How many they are.")


class ArtifactResponse(BaseModel):
    """A file that a task left in `context['artifacts']`."""

    path: str = Field(description="Below the folder.")
    size: int = Field(description="Bytes.")
    digest: str = Field(description="sha256 of its bytes.")


class ArtifactList(BaseModel):
    """The artifacts of a task run, by path."""

    items: list[ArtifactResponse] = Field(description="The files.")
    total: int = Field(description="How many they are.")


class MetricPoint(BaseModel):
    """One number, and the run that it is from."""

    run_id: str = Field(description="The run.")
    map_index: int = Field(description="Which of many elements; -1 for a task that is not mapped.")
    value: float = Field(description="The number.")
    release: int | None = Field(description="Number of the release that ran.")
    commit: str | None = Field(description="The full id of the commit that ran.")
    at: datetime = Field(description="When the run ended.")


class MetricSeries(BaseModel):
    """One metric over the runs, oldest first."""

    task: str = Field(description="The task that returned it.")
    name: str = Field(description="Its place in the value: `metrics.accuracy`.")
    points: list[MetricPoint] = Field(description="One for each run that has it.")


class MetricList(BaseModel):
    """The numeric metrics of a workflow, by task and name."""

    items: list[MetricSeries] = Field(description="The metrics.")
    total: int = Field(description="How many they are.")
