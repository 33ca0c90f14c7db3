"""`/metrics`."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from taxiway.server.dependencies import DatabaseDep
from taxiway.server.metrics.instruments import REGISTRY
from taxiway.server.metrics.state import StateCollector

router = APIRouter(tags=["health"])


@router.get("/metrics", operation_id="getMetrics", response_class=PlainTextResponse)
def get_metrics(request: Request, database: DatabaseDep) -> Response:
    """Figures in Prometheus' text format: of this process, and of the database."""
    state = CollectorRegistry()
    stalled = request.app.state.machinery.reconciler.is_stalled
    state.register(StateCollector(database, is_stalled=stalled))
    text = generate_latest(REGISTRY) + generate_latest(state)
    return Response(text, media_type=CONTENT_TYPE_PLAIN_0_0_4)
