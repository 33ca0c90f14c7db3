"""What the API takes and gives for a known host."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from taxiway.server.credentials.schemas import Host, Port
from taxiway.server.fields import Text500

_D = {
    "host": "The host, like `git.example.org`, or `git.example.org:2222`.",
    "port": "The key holds at this port only; null: at any.",
    "public_key": "The host's public key, as `ssh-keyscan` prints it, with or without the host.",
    "fingerprint": "The key's fingerprint, `SHA256:…`.",
    "note": "Where the key is from.",
}


class KnownHostCreate(BaseModel):
    """A key that a host may show: the key itself, or the fingerprint that the host publishes. Of a
    fingerprint, the host is asked for its keys, and the one that has it is kept."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [{"host": "git.example.org", "public_key": "ssh-ed25519 AAAA…"}]
        },
    )

    host: Host = Field(description=_D["host"])
    port: Port | None = Field(None, description=_D["port"])
    public_key: Annotated[str, Field(min_length=1, max_length=8000)] | None = Field(
        None, description=_D["public_key"]
    )
    fingerprint: Annotated[str, Field(min_length=1, max_length=100)] | None = Field(
        None, description=_D["fingerprint"]
    )
    note: Text500 = Field(None, description=_D["note"])


class KnownHostResponse(BaseModel):
    """A key that a host may show."""

    id: str = Field(description="UUID.", json_schema_extra={"format": "uuid"})
    host: str = Field(description=_D["host"])
    port: int | None = Field(description=_D["port"])
    key_type: str = Field(description="Kind of the key, like `ssh-ed25519`.")
    public_key: str = Field(description="The key, base64.")
    fingerprint: str = Field(description=_D["fingerprint"])
    note: str | None = Field(description=_D["note"])
    created_at: datetime = Field(description="When it was added, UTC.")
