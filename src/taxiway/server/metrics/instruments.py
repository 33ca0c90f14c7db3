"""What this process counts while it works."""

from __future__ import annotations

from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Histogram, Info
from starlette.types import Scope

from taxiway import __version__

REGISTRY = CollectorRegistry()
_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
_DEPLOY_SECONDS = (0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600)

_BUILD = Info("taxiway_build", "The version that runs.", registry=REGISTRY)
_BUILD.info({"version": __version__})
_REQUESTS = Counter(
    "taxiway_http_requests",
    "HTTP requests, by the route's template.",
    ("route", "method", "status"),
    registry=REGISTRY,
)
_SECONDS = Histogram(
    "taxiway_http_request_seconds",
    "How long HTTP requests took, by the route's template.",
    ("route", "method"),
    registry=REGISTRY,
)
_DEPLOYS = Histogram(
    "taxiway_deploy_seconds",
    "From the request of a deploy to its publication, or to its failure.",
    ("outcome",),
    buckets=_DEPLOY_SECONDS,
    registry=REGISTRY,
)


def count_request(scope: Scope, status: int, seconds: float) -> None:
    """`scope` is as the router left it."""
    route = getattr(scope.get("route"), "path", "none")
    method = scope["method"] if scope["method"] in _METHODS else "other"
    _REQUESTS.labels(route, method, str(status)).inc()
    _SECONDS.labels(route, method).observe(seconds)


def count_deploy(outcome: Literal["published", "failed"], seconds: float) -> None:
    _DEPLOYS.labels(outcome).observe(max(0.0, seconds))
