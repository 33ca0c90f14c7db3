"""What may be asked of the list of a workflow's notifications."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from taxiway.server.paging import ListQuery

State = Literal["pending", "delivered", "failed"]


class NotificationQuery(ListQuery):
    """The parameters of the list of notifications."""

    order_by: Literal["created_at", "-created_at"] = Field(
        "-created_at", description="The order; `-` before it turns it round."
    )
    state: list[State] = Field(
        default_factory=list, max_length=3, description="Only those in one of these states."
    )
