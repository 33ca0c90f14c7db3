"""`/workflows/{id}/releases/compare`: what two releases do differently."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from taxiway.server.dependencies import DatabaseDep
from taxiway.server.releases.comparison import Comparison, compare
from taxiway.server.releases.dependencies import StorageDep, WorkshopsDep

router = APIRouter(prefix="/api/v1/workflows/{workflow_id}", tags=["releases"])

WorkflowId = Annotated[str, Path(description="UUID of the workflow.")]
Base = Annotated[
    int | None,
    Query(ge=1, le=2**31 - 1, description="Number of the release to compare with; the one before."),
]
Head = Annotated[
    int | None,
    Query(ge=1, le=2**31 - 1, description="Number of the release that is looked at; the current."),
]


@router.get("/releases/compare", operation_id="compareReleases", response_model=Comparison)
def compare_releases(
    workflow_id: WorkflowId,
    database: DatabaseDep,
    storage: StorageDep,
    workshops: WorkshopsDep,
    base: Base = None,
    head: Head = None,
) -> Comparison:
    """The commits between two releases, what is declared otherwise, which packages differ, and
    the files that tasks can reach by import, with the rest counted."""
    return compare(database, storage, workshops, workflow_id, base, head)


@router.get(
    "/compare",
    operation_id="compareWorkflowReleases",
    response_model=Comparison,
    summary="Compare Releases",
)
def compare_by_workflow(
    workflow_id: WorkflowId,
    database: DatabaseDep,
    storage: StorageDep,
    workshops: WorkshopsDep,
    base: Base = None,
    head: Head = None,
) -> Comparison:
    """The same as `/releases/compare`."""
    return compare(database, storage, workshops, workflow_id, base, head)
