"""What the API says of many runs at once, and of the tasks that a run executes."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from taxiway.server.paging import Page


class GridRun(BaseModel):
    """One run, and where each of its tasks stands."""

    id: str = Field(description="UUID of the run.")
    state: Literal["queued", "running", "success", "failed", "canceled"] = Field(
        description="Where it stands; the last three are final."
    )
    trigger: str = Field(description="`manual`, `schedule` or `backfill`.")
    release: int | None = Field(description="Number of the release that it executes.")
    commit: str | None = Field(description="The full id of the commit that it executes.")
    logical_date: datetime | None = Field(description="The tick that a schedule started it for.")
    created_at: datetime = Field(description="When it was asked for.")
    started_at: datetime | None = Field(description="When Airflow began it.")
    ended_at: datetime | None = Field(description="When it ended.")
    states: dict[str, str] = Field(
        description="Task → state, in Airflow's words; of a mapped task the worst of its elements."
    )


class RunGrid(Page[GridRun]):
    """Runs of a workflow with the states of their tasks, newest first."""

    tasks: list[str] = Field(
        description="The tasks: those of the newest release in the order of its graph, then others."
    )


class SealedTask(BaseModel):
    """A task as the run's release has it, with the params that the run was given."""

    name: str = Field(description="The task's name.")
    script_path: str | None = Field(description="The file of the release's commit.")
    function_name: str | None = Field(description="The function of that file.")
    python_callable: str | None = Field(description="Inline code instead.")
    params: dict[str, Any] = Field(description="Params, with those of this run on top.")
    dependencies: list[str] = Field(description="The tasks that run before it.")
    inputs: dict[str, str] = Field({}, description="Parameter → the value it gets.")
    expand: dict[str, Any] = Field(
        {}, description="Parameter → what the task runs once for each of."
    )
    retry_count: int = Field(description="How often a failed try is repeated.")
    retry_delay: int = Field(description="Seconds between two tries.")
    timeout: int | None = Field(description="Seconds after which a try is ended; null: none.")
    trigger_rule: str = Field(description="Airflow's rule for when it runs.")


class SealedTaskList(BaseModel):
    """The tasks of a run as they were sealed."""

    items: list[SealedTask] = Field(description="The tasks, in the order of the graph.")
    total: int = Field(description="How many they are.")


class ReleaseTask(SealedTask):
    """A task as a release has it, with what its function takes."""

    params: dict[str, Any] = Field(description="Params; a run may be given others.")
    params_schema: dict[str, Any] | None = Field(
        description="JSON Schema (draft 2020-12) of the params that its function takes, as far as "
        "the text of its file tells; null where it does not."
    )


class ReleaseTaskList(BaseModel):
    """The tasks of a release as they were sealed."""

    items: list[ReleaseTask] = Field(description="The tasks, in the order of the graph.")
    total: int = Field(description="How many they are.")
