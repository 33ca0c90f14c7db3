"""What is asked of releases: to make one, or to go back to one."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from taxiway.errors import Invalid
from taxiway.git.names import check_ref
from taxiway.server.fields import EmptyIsNull, FieldRefused

Message = Annotated[
    Annotated[str, StringConstraints(max_length=2000, strip_whitespace=True)] | None, EmptyIsNull
]


def _ref(value: str | None) -> str | None:
    try:
        return check_ref(value) if value is not None else None
    except Invalid as error:
        raise FieldRefused(error) from None


Ref = Annotated[Annotated[str, Field(max_length=300)] | None, EmptyIsNull, AfterValidator(_ref)]


class DeployOrder(BaseModel):
    """What a deploy may be told."""

    model_config = ConfigDict(extra="forbid", strict=True)

    message: Message = Field(
        None, description="Why it is deployed; kept with the release.", examples=["New features"]
    )
    resume: bool = Field(
        False, description="Resume a workflow that a rollback holds, and deploy it at once."
    )
    ref: Ref = Field(
        None,
        description="Deploy what this names now, this once: a branch, a tag, a commit or the "
        "beginning of a commit's id. `refs/heads/…` and `refs/tags/…` say which is meant.",
        examples=["v1.2"],
    )
    allow_unreachable: bool = Field(
        False,
        description="Take a commit that was given although git_branch does not contain it. It is "
        "kept in the record of what was done.",
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
