"""What may be asked of the record."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from taxiway.server.paging import ListQuery, Moment

Term = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class AuditFilters(ListQuery):
    """What narrows the record, as a list and as a table."""

    order_by: Literal["created_at", "-created_at"] = Field(
        "-created_at", description="The order; `-` before it turns it round."
    )
    action: list[Term] = Field(
        default_factory=list,
        max_length=50,
        description="Only these actions, such as `workflow.rollback`; `workflow.` stands for all "
        "that begins so. Repeatable.",
    )
    kind: Term | None = Field(None, description="Only what was done to things of this kind.")
    subject_id: Term | None = Field(None, description="Only what was done to the thing of this id.")
    workflow_id: Term | None = Field(None, description="Only what was done to this workflow.")
    who: Term | None = Field(None, description="Only what this user has done, like `local:ada`.")
    request_id: Term | None = Field(None, description="Only what this request has done.")
    created_after: Moment | None = Field(None, description="Only from this moment on.")
    created_before: Moment | None = Field(None, description="Only before this moment.")


class AuditQuery(AuditFilters):
    """The parameters of the record."""

    format: Literal["json", "csv"] | None = Field(
        None, description="`csv`: all lines that match, as a table; so does `Accept: text/csv`."
    )
