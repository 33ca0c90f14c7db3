"""What is asked of releases: to make one, or to go back to one."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from taxiway.server.fields import EmptyIsNull

Message = Annotated[
    Annotated[str, StringConstraints(max_length=2000, strip_whitespace=True)] | None, EmptyIsNull
]


class DeployOrder(BaseModel):
    """What a deploy may be told."""

    model_config = ConfigDict(extra="forbid", strict=True)

    message: Message = Field(
        None, description="Why it is deployed; kept with the release.", examples=["New features"]
    )
    resume: bool = Field(
        False, description="Resume a workflow that a rollback holds, and deploy it at once."
    )


class RollbackOrder(BaseModel):
    """Where to go back to."""

    model_config = ConfigDict(extra="forbid", strict=True)

    release: int = Field(
        ge=1, le=2**31 - 1, description="The number of the release to make current again."
    )
    message: Message = Field(
        None, description="Why; shown while the workflow is held.", examples=["Accuracy fell"]
    )
