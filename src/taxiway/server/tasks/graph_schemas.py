"""What the API takes where all tasks of a workflow are given at once."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field
from pydantic.config import JsonDict

from taxiway.server.tasks.schemas import TaskCreate

GRAPH: list[JsonDict] = [
    {"name": "load", "script_path": "src/load.py", "function_name": "load"},
    {
        "name": "train_model",
        "script_path": "src/train.py",
        "function_name": "train_model",
        "params": {"epochs": 100},
        "dependencies": ["load"],
    },
]


class GraphTask(TaskCreate):
    """One task of the graph, by its name. The read-only fields of the answer are passed over."""

    model_config = ConfigDict(json_schema_extra={"examples": [GRAPH[1]]})

    workflow_id: str | None = Field(  # type: ignore[assignment]
        None, description="The workflow of the path, if it is given."
    )
    id: Any = Field(None, description="Read-only.")
    created_at: Any = Field(None, description="Read-only.")
    updated_at: Any = Field(None, description="Read-only.")


def _bare(given: Any) -> Any:
    """The list, where it comes as `{"tasks": [...]}`."""
    return given["tasks"] if isinstance(given, dict) and list(given) == ["tasks"] else given


GraphTasks = Annotated[list[GraphTask], Field(max_length=5000), BeforeValidator(_bare)]
