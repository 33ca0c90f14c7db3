"""The application: its parts, its routers, and the door before them.

A noun adds its router to `ROUTERS`, declared without a slash at the end of its paths.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from taxiway import __version__
from taxiway.server import problems
from taxiway.server.database import Database, upgrade
from taxiway.server.guards import Door
from taxiway.server.health.checks import Check, database_check, storage_check
from taxiway.server.health.routes import router as health_router
from taxiway.server.hooks import NoPublisher, NoRetirer, Publisher, Retirer
from taxiway.server.settings import Settings
from taxiway.server.tasks.routes import router as tasks_router
from taxiway.server.workflows.routes import router as workflows_router

ROUTERS: tuple[APIRouter, ...] = (health_router, workflows_router, tasks_router)

TAGS = [
    {"name": "workflows", "description": "What runs: a named graph of tasks with a schedule."},
    {"name": "tasks", "description": "The nodes: functions of a repository, or inline Python."},
    {"name": "health", "description": "Whether it works, and why not."},
]


def create_app(
    settings: Settings,
    orchestrator: Any = None,
    *,
    publisher: Publisher | None = None,
    retirer: Retirer | None = None,
    health_checks: Mapping[str, Check] | None = None,
) -> FastAPI:
    """The application on an up-to-date database. `Denied` when it would listen to other machines."""
    settings.require_loopback()
    settings.home.mkdir(parents=True, exist_ok=True)
    upgrade(settings.database_url)
    database = Database(settings.database_url)
    app = FastAPI(
        title="Taxiway",
        version=__version__,
        summary="From Git to Apache Airflow.",
        openapi_tags=TAGS,
        redirect_slashes=False,
        lifespan=_lifespan,
        responses=problems.RESPONSES,
    )
    app.state.settings = settings
    app.state.database = database
    app.state.orchestrator = orchestrator
    app.state.publisher = publisher or NoPublisher()
    app.state.retirer = retirer or NoRetirer()
    app.state.health_checks = {
        "database": database_check(database),
        "storage": storage_check(settings.storage_url),
        **(health_checks or {}),
    }
    problems.install(app)
    for router in ROUTERS:
        include(app, router)
    _document(app)
    app.add_middleware(Door, allowed_hosts=settings.allowed_hosts)
    return app


def include(app: FastAPI, router: APIRouter) -> None:
    """Add a noun's router; its paths have to end without a slash."""
    for route in router.routes:
        if isinstance(route, APIRoute) and len(route.path) > 1 and route.path.endswith("/"):
            raise ValueError(f"{route.path}: the door removes the slash, this would never match")
    app.include_router(router)


def _document(app: FastAPI) -> None:
    """Put the schema of problems, which every answer may be, into the OpenAPI document."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas.update(problems.openapi_schemas())
        return document

    app.openapi = openapi  # type: ignore[method-assign]


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.database.close()
