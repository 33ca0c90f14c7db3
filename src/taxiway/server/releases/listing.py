"""What may be asked of the list of a workflow's releases."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from taxiway.server.paging import ListQuery

State = Literal["preparing", "publishing", "ready", "failed"]


class ReleaseQuery(ListQuery):
    """The parameters of the list of releases."""

    order_by: Literal["number", "-number"] = Field(
        "-number", description="The order; `-` before it turns it round."
    )
    state: list[State] = Field(
        default_factory=list, max_length=4, description="Only those in one of these states."
    )
