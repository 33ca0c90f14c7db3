"""The version of a workflow: its own fields, and its tasks as one more."""

from __future__ import annotations

from collections.abc import Sequence

from taxiway.server.database import TaskRow, WorkflowRow
from taxiway.server.versions import Version, version_of
from taxiway.server.workflows.schemas import WorkflowCreate, WorkflowResponse
from taxiway.server.workflows.values import workflow_value

GRAPH = "tasks"


def workflow_version(
    row: WorkflowRow, tasks: Sequence[TaskRow], response: WorkflowResponse
) -> Version:
    """`tasks` are all of the workflow's, in a fixed order."""
    values = response.model_dump(mode="json")
    declared = {name: values.pop(name) for name in WorkflowCreate.model_fields if name in values}
    declared[GRAPH] = workflow_value(row, tasks).as_dict()["tasks"]
    return version_of(
        f"The workflow {row.name}",
        declared,
        values,
        edited_at=row.edited_at,
        edited_by=row.edited_by,
    )
