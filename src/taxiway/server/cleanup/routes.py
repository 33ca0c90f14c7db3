"""`/cleanup`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from taxiway.server.cleanup.janitor import Janitor

router = APIRouter(prefix="/api/v1", tags=["releases"])


class RemovedRelease(BaseModel):
    """A release that went, or would go."""

    workflow_id: str = Field(description="UUID of its workflow.")
    workflow: str = Field(description="The workflow's name.")
    release: int = Field(description="Its number.")
    commit: str | None = Field(description="The commit that it was sealed at.")


class FreedResponse(BaseModel):
    """What went of one kind."""

    model_config = ConfigDict(from_attributes=True)

    entries: int = Field(description="How many entries.")
    bytes: int = Field(description="How many bytes they had.")
    in_use: int = Field(description="Entries that stay because somebody uses them now.")


class CleanupResponse(BaseModel):
    """What a clean-up has freed, or would free."""

    dry_run: bool = Field(description="Whether nothing was removed.")
    releases: list[RemovedRelease] = Field(description="The releases that went.")
    storage: dict[str, FreedResponse] = Field(description="By folder of the storage.")
    cache: dict[str, FreedResponse] = Field(description="By kind, in this host's cache.")
    freed_bytes: int = Field(description="All bytes together.")


@router.post("/cleanup", operation_id="cleanUp", response_model=CleanupResponse)
def clean_up(
    request: Request,
    dry_run: Annotated[bool, Query(description="Only say what would be removed.")] = False,
) -> CleanupResponse:
    """Remove releases that are old and not in use, as the settings say, and all that only they
    had. What is current, held, running, or named by a run that is kept, stays."""
    janitor: Janitor = request.app.state.machinery.janitor
    report = janitor.clean(dry_run=dry_run)
    return CleanupResponse(
        dry_run=dry_run,
        releases=[
            RemovedRelease(
                workflow_id=workflow.id,
                workflow=workflow.name,
                release=row.number,
                commit=row.commit,
            )
            for workflow, row in report.releases
        ],
        storage={k: FreedResponse.model_validate(v) for k, v in report.storage.items()},
        cache={k: FreedResponse.model_validate(v) for k, v in report.cache.items()},
        freed_bytes=report.freed_bytes,
    )
