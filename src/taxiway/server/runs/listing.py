"""What may be asked of the lists of runs."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from taxiway.errors import Invalid
from taxiway.server.fields import FieldRefused
from taxiway.server.paging import ListQuery, Moment

State = Literal["queued", "running", "success", "failed", "canceled"]


class WorkflowRunQuery(ListQuery):
    """The parameters of the list of a workflow's runs."""

    order_by: Literal["created_at", "-created_at"] = Field(
        "-created_at", description="The order; `-` before it turns it round."
    )
    state: list[State] = Field(
        default_factory=list, max_length=5, description="Only runs in one of these states."
    )
    trigger: Literal["manual", "schedule", "backfill"] | None = Field(
        None, description="Only runs that were started so."
    )
    release: int | None = Field(
        None, ge=1, le=2**31 - 1, description="Only runs of the release with this number."
    )
    created_after: Moment | None = Field(None, description="Only runs from this moment on.")
    created_before: Moment | None = Field(None, description="Only runs before this moment.")


class RunQuery(WorkflowRunQuery):
    """The parameters of the list of all runs."""

    workflow_id: str | None = Field(None, description="Only runs of this workflow.")

    @model_validator(mode="after")
    def _number_of_a_workflow(self) -> Self:
        if self.release is not None and self.workflow_id is None:
            message = "A release is numbered in its workflow, and no workflow_id is given"
            raise FieldRefused(
                Invalid("workflow-required", message, hint="Give workflow_id as well.")
            )
        return self
