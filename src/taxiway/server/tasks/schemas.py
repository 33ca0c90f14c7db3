"""What the API takes and gives for a task; these descriptions are the API's documentation."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from taxiway.server.fields import (
    MONTH,
    Env,
    Expand,
    Inputs,
    Names,
    Params,
    Secrets,
    TaskName,
    Text,
    Text255,
    Text500,
    TriggerRule,
)

EXAMPLE: JsonDict = {
    "workflow_id": "85ac11db-26dc-4e29-a21d-4eff129f8dc1",
    "name": "train_model",
    "script_path": "src/train.py",
    "function_name": "train_model",
    "params": {"epochs": 100},
    "dependencies": [],
    "retry_count": 2,
    "retry_delay": 600,
}

_D: dict[str, str] = {
    "workflow_id": "The workflow that the task belongs to; never changes.",
    "name": "Airflow's task id: letters, digits, `_`, `-` and `.`; unique in the workflow.",
    "script_path": "Path of the Python file in the repository, like `src/train.py`.",
    "function_name": "The function of that file to run.",
    "python_callable": "Inline mode instead: the source of one function.",
    "params": "Keyword arguments of the function; they arrive as written.",
    "dependencies": "Tasks of the workflow that run before: names or ids, answered as names.",
    "retry_count": "How often a failed try is repeated.",
    "retry_delay": "Seconds between two tries.",
    "timeout": "Seconds after which a try is ended and has failed; null: none.",
    "trigger_rule": "Airflow's rule: what has to have happened before the task runs.",
    "pool": "Airflow's pool that it takes slots of; null: the default one.",
    "pool_slots": "How many slots of the pool it takes.",
    "queue": "Airflow's queue, which picks its workers; null: the default one.",
    "env": "Environment variables of the task, on top of the workflow's.",
    "inputs": "Parameter → the value it gets of a task that runs before: `train_model`, or a part "
    "of it, `train_model.metrics.accuracy`. A parameter named like such a task gets it anyway.",
    "expand": "Parameter → a list, or a task that returns one: the task runs once for each element.",
    "secrets": "Environment variable → `variable:NAME` or `connection:ID` of Airflow, on top of "
    "the workflow's. Its text reaches this task only, and is masked in the log.",
    "warm": "Whether it may be forked from a warm process, which has its packages imported; null:"
    " as the workflow says.",
}

Retries = Annotated[int, Field(ge=0, le=100)]
Delay = Annotated[int, Field(ge=0, le=MONTH)]
Timeout = Annotated[int, Field(ge=1, le=MONTH)] | None
Slots = Annotated[int, Field(ge=1, le=10_000)]


class TaskFields(BaseModel):
    """What a task may be given, now or later."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: TaskName = Field("", description=_D["name"])
    script_path: Text500 = Field(None, description=_D["script_path"])
    function_name: Text255 = Field(None, description=_D["function_name"])
    python_callable: Text = Field(None, description=_D["python_callable"])
    params: Params = Field(default_factory=dict, description=_D["params"])
    dependencies: Names = Field(default_factory=list, description=_D["dependencies"])
    retry_count: Retries = Field(0, description=_D["retry_count"])
    retry_delay: Delay = Field(300, description=_D["retry_delay"])
    timeout: Timeout = Field(None, description=_D["timeout"])
    trigger_rule: TriggerRule = Field("all_success", description=_D["trigger_rule"])
    pool: Text255 = Field(None, description=_D["pool"])
    pool_slots: Slots = Field(1, description=_D["pool_slots"])
    queue: Text255 = Field(None, description=_D["queue"])
    env: Env = Field(default_factory=dict, description=_D["env"])
    inputs: Inputs = Field(default_factory=dict, description=_D["inputs"])
    expand: Expand = Field(default_factory=dict, description=_D["expand"])
    secrets: Secrets = Field(default_factory=dict, description=_D["secrets"])
    warm: bool | None = Field(None, description=_D["warm"])


class TaskCreate(TaskFields):
    """A new task in one of two modes: a function of the repository, or inline code."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    workflow_id: str = Field(description=_D["workflow_id"], json_schema_extra={"format": "uuid"})
    name: TaskName = Field(description=_D["name"])


class TaskUpdate(TaskFields):
    """What shall change; fields that are left out stay. PUT and PATCH mean the same.

    The read-only fields of the answer are taken too, so that get, edit, put works: `id` and
    `workflow_id` have to be those of the task, the others are passed over.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"params": {"epochs": 10}}]})

    id: str | None = Field(None, description="Read-only.")
    workflow_id: str | None = Field(None, description="Read-only.")
    created_at: Any = Field(None, description="Read-only.")
    updated_at: Any = Field(None, description="Read-only.")


class TaskResponse(BaseModel):
    """A task as it is declared now."""

    id: str = Field(description="UUID.", json_schema_extra={"format": "uuid"})
    workflow_id: str = Field(description=_D["workflow_id"], json_schema_extra={"format": "uuid"})
    name: str = Field(description=_D["name"])
    script_path: str | None = Field(description=_D["script_path"])
    function_name: str | None = Field(description=_D["function_name"])
    python_callable: str | None = Field(description=_D["python_callable"])
    params: dict[str, Any] = Field(description=_D["params"])
    dependencies: list[str] = Field(description=_D["dependencies"])
    retry_count: int = Field(description=_D["retry_count"])
    retry_delay: int = Field(description=_D["retry_delay"])
    timeout: int | None = Field(description=_D["timeout"])
    trigger_rule: str = Field(description=_D["trigger_rule"])
    pool: str | None = Field(description=_D["pool"])
    pool_slots: int = Field(description=_D["pool_slots"])
    queue: str | None = Field(description=_D["queue"])
    env: dict[str, str] = Field(description=_D["env"])
    inputs: dict[str, str] = Field(description=_D["inputs"])
    expand: dict[str, Any] = Field(description=_D["expand"])
    secrets: dict[str, str] = Field(description=_D["secrets"])
    warm: bool | None = Field(description=_D["warm"])
    created_at: datetime = Field(description="When it was created, UTC.")
    updated_at: datetime = Field(description="When it was last changed, UTC.")
