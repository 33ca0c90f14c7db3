"""What may be asked of the list of credentials."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from taxiway.server.paging import ListQuery, Search


class CredentialQuery(ListQuery):
    """The parameters of the list of credentials."""

    order_by: Literal["name", "-name"] = Field(
        "name", description="The order; `-` before it turns it round."
    )
    q: Search = None
    kind: Literal["token", "ssh"] | None = Field(None, description="Only those of this kind.")
    host: str | None = Field(None, max_length=255, description="Only those for this host.")
