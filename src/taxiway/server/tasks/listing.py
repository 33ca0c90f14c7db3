"""What may be asked of the list of tasks."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from taxiway.server.paging import ListQuery, Search


class TaskQuery(ListQuery):
    """The parameters of the list of tasks."""

    order_by: Literal["created_at", "-created_at", "name", "-name"] = Field(
        "created_at", description="The order; `-` before it turns it round."
    )
    q: Search = None
    workflow_id: str | None = Field(None, description="Only tasks of this workflow.")
