"""The HTTP routes for supervisors and people who ask whether it works."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from taxiway import __version__
from taxiway.server.database.migrate import head_revision
from taxiway.server.health.checks import PartHealth, run_checks

router = APIRouter(tags=["health"])


class Liveness(BaseModel):
    """The process serves."""

    status: Literal["alive"] = Field("alive", description="Always `alive` when it answers.")


class Readiness(BaseModel):
    """Whether the service can do its work, part by part."""

    status: Literal["ready", "not-ready"] = Field(description="`ready` when every part works.")
    parts: dict[str, PartHealth] = Field(description="The parts by name.")


class Version(BaseModel):
    """What runs here."""

    version: str = Field(description="Taxiway's version.")
    api: str = Field("v1", description="The API's version, as in its paths.")
    database_schema: str | None = Field(description="The schema that this version writes.")


@router.get("/health/live", operation_id="getLiveness")
def get_liveness() -> Liveness:
    """Answers while the process serves, whatever else is broken."""
    return Liveness(status="alive")


@router.get("/health/ready", operation_id="getReadiness")
def get_readiness(request: Request, response: Response) -> Readiness:
    """Looks at every part now; 503 when one of them does not work."""
    parts = run_checks(request.app.state.health_checks)
    ready = all(part.ok for part in parts.values())
    response.status_code = 200 if ready else 503
    return Readiness(status="ready" if ready else "not-ready", parts=parts)


@router.get("/version", operation_id="getVersion")
def get_version() -> Version:
    """The versions of software, API and database."""
    return Version(version=__version__, api="v1", database_schema=head_revision())
