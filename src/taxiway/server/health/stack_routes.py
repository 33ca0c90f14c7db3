"""`/stack`."""

from __future__ import annotations

from fastapi import APIRouter, Request

from taxiway.server.dependencies import DatabaseDep, SettingsDep
from taxiway.server.health.stack import Scales, Stack, versions

router = APIRouter(prefix="/api/v1", tags=["health"])


@router.get("/stack", operation_id="getStack", response_model=Stack)
def read_stack(request: Request, database: DatabaseDep, settings: SettingsDep) -> Stack:
    """What the stack consists of: versions, and what storage and cache hold. Sizes are measured at
    most once a minute."""
    scales: Scales = request.app.state.scales
    sizes = scales.sizes()
    return Stack(
        versions=versions(request.app.state.orchestrator, database.engine.dialect.name),
        airflow_url=settings.airflow_url,
        storage_url=settings.storage_url,
        storage=sizes.storage,
        storage_problem=sizes.problem,
        cache=str(settings.cache_dir),
        caches=sizes.caches,
        cache_max_size=settings.cache_max_size,
        measured_at=sizes.measured_at,
    )
