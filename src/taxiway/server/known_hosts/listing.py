"""What may be asked of the list of known hosts."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from taxiway.server.paging import ListQuery


class KnownHostQuery(ListQuery):
    """The parameters of the list of known hosts."""

    order_by: Literal["host", "-host"] = Field(
        "host", description="The order; `-` before it turns it round."
    )
    host: str | None = Field(None, max_length=255, description="Only the keys of this host.")
