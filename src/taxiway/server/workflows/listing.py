"""What may be asked of the list of workflows."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from taxiway.server.paging import ListQuery, Search

NEVER_RAN = "none"

Order = Literal["name", "-name", "created_at", "-created_at", "updated_at", "-updated_at"]
LastRunState = Literal["queued", "running", "success", "failed", "canceled", "none"]


class WorkflowQuery(ListQuery):
    """The parameters of the list of workflows."""

    order_by: Order = Field("name", description="The order; `-` before it turns it round.")
    q: Search = None
    is_active: bool | None = Field(None, description="Only those whose schedule is on, or off.")
    held: bool | None = Field(None, description="Only those that a rollback holds, or does not.")
    behind: bool | None = Field(
        None,
        description="Only those whose branch was last seen at another commit than they run, or "
        "only the others.",
    )
    is_deployed: bool | None = Field(None, description="Only those with a release to run, or none.")
    git_repository: str | None = Field(
        None, max_length=500, description="Only those of this repository, as it is written there."
    )
    last_run_state: list[LastRunState] = Field(
        default_factory=list,
        max_length=6,
        description="Only those whose newest run is in one of these states; `none`: never ran.",
    )
