"""The application: its parts, its routers, and the door before them.

A noun adds its router to `ROUTERS`, declared without a slash at the end of its paths.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import cache

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from taxiway import __version__
from taxiway.errors import TaxiwayError
from taxiway.server import problems
from taxiway.server.audit.routes import router as audit_router
from taxiway.server.audit.setup import record_settings
from taxiway.server.cleanup.routes import router as cleanup_router
from taxiway.server.credentials.routes import router as credentials_router
from taxiway.server.database import Database, upgrade
from taxiway.server.documents import document
from taxiway.server.guards import Door
from taxiway.server.health.checks import (
    Check,
    airflow_checks,
    database_check,
    storage_check,
)
from taxiway.server.health.routes import router as health_router
from taxiway.server.health.stack import Scales
from taxiway.server.health.stack_routes import router as stack_router
from taxiway.server.home import claim
from taxiway.server.hooks import Publisher, Retirer
from taxiway.server.idempotency.repeats import Repeats
from taxiway.server.known_hosts.routes import router as known_hosts_router
from taxiway.server.machinery import Machinery, assemble
from taxiway.server.metrics.routes import router as metrics_router
from taxiway.server.notifications.routes import router as notifications_router
from taxiway.server.orchestrator.port import Orchestrator
from taxiway.server.pushes.routes import router as look_router
from taxiway.server.releases.check_routes import router as check_router
from taxiway.server.releases.compare_routes import router as compare_router
from taxiway.server.releases.rollback_routes import router as rollback_router
from taxiway.server.releases.routes import router as releases_router
from taxiway.server.repositories.browser import Browser
from taxiway.server.repositories.content_routes import router as repository_contents_router
from taxiway.server.repositories.functions import Functions
from taxiway.server.repositories.routes import router as repositories_router
from taxiway.server.runs.again_routes import router as reruns_router
from taxiway.server.runs.control_routes import router as run_control_router
from taxiway.server.runs.outcome_routes import router as outcomes_router
from taxiway.server.runs.overview_routes import router as overview_router
from taxiway.server.runs.polls import Polls
from taxiway.server.runs.routes import router as runs_router
from taxiway.server.runs.stream_routes import router as run_streams_router
from taxiway.server.settings import Settings
from taxiway.server.tasks.routes import router as tasks_router
from taxiway.server.vault.start import open_vault
from taxiway.server.vault.vault import Vault
from taxiway.server.web import routes as web
from taxiway.server.workflows.routes import router as workflows_router
from taxiway.storage.cache import Cache

ROUTERS: tuple[APIRouter, ...] = (
    health_router,
    stack_router,
    metrics_router,
    workflows_router,
    tasks_router,
    compare_router,
    releases_router,
    check_router,
    look_router,
    rollback_router,
    audit_router,
    cleanup_router,
    repositories_router,
    repository_contents_router,
    runs_router,
    overview_router,
    outcomes_router,
    notifications_router,
    credentials_router,
    known_hosts_router,
    run_control_router,
    reruns_router,
    run_streams_router,
)

TAGS = [
    {"name": "workflows", "description": "What runs: a named graph of tasks with a schedule."},
    {"name": "tasks", "description": "The nodes: functions of a repository, or inline Python."},
    {"name": "releases", "description": "Workflows sealed at one commit, and how they are made."},
    {"name": "repositories", "description": "What stands in Git: refs, files, functions."},
    {"name": "runs", "description": "Executions of releases: states, logs, values."},
    {"name": "credentials", "description": "Secrets for Git hosts: they go in, and never out."},
    {"name": "known hosts", "description": "The keys that SSH hosts may show."},
    {"name": "notifications", "description": "Who hears of failures, and whether they did."},
    {"name": "audit", "description": "The record: who did what, and what was before and after."},
    {"name": "health", "description": "Whether it works, and why not."},
]


def create_app(
    settings: Settings,
    orchestrator: Orchestrator | None = None,
    *,
    publisher: Publisher | None = None,
    retirer: Retirer | None = None,
    health_checks: Mapping[str, Check] | None = None,
) -> FastAPI:
    """The application on an up-to-date database. `Denied` when it would listen to other machines."""
    database, vault = _opened(settings)
    app = FastAPI(
        title="Taxiway",
        version=__version__,
        summary="From Git to Apache Airflow.",
        openapi_tags=TAGS,
        redirect_slashes=False,
        lifespan=_lifespan,
        responses=problems.RESPONSES,
    )
    machinery = assemble(settings, database, vault, orchestrator)
    _furnish(app, settings, machinery)
    app.state.vault = vault
    app.state.publisher = publisher or machinery
    app.state.retirer = retirer or machinery
    app.state.health_checks |= health_checks or {}
    problems.install(app)
    app.router.routes.extend(_routes())
    document(app)
    web.install(app)
    app.add_middleware(Repeats)
    app.add_middleware(Door, allowed_hosts=settings.host_names)
    return app


def _opened(settings: Settings) -> tuple[Database, Vault]:
    """The home is ours, the database is up to date, and its secrets can be read."""
    settings.require_loopback()
    settings.home.mkdir(parents=True, exist_ok=True)
    claim(settings.home)
    upgrade(settings.database_url)
    database = Database(settings.database_url)
    try:
        vault = open_vault(
            database, settings.secret_keys, may_make=settings.secret_key_file is None
        )
    except TaxiwayError:
        database.close()
        raise
    with database.writing() as session:
        record_settings(session, settings)
    return database, vault


def _furnish(app: FastAPI, settings: Settings, machinery: Machinery) -> None:
    """What routes find in `app.state`."""
    app.state.settings = settings
    app.state.database = machinery.database
    app.state.machinery = machinery
    app.state.orchestrator = machinery.orchestrator
    app.state.storage = machinery.storage
    app.state.deployer = machinery.deployer
    app.state.mirror = machinery.mirror
    app.state.polls = Polls()
    app.state.scales = Scales(machinery.storage, Cache(settings.cache_dir))
    app.state.browser = Browser(
        lambda: app.state.database,
        Cache(settings.cache_dir),
        lambda row: replace(machinery.keyrings, database=app.state.database).for_repository(
            row.url, row.git_credential_id, reader="somebody who browses"
        ),
    )
    app.state.functions = Functions(app.state.browser)
    app.state.health_checks = {
        "database": database_check(machinery.database),
        "storage": storage_check(settings.storage_url),
        **airflow_checks(machinery.orchestrator),
    }


@cache
def _routes() -> Sequence[BaseRoute]:
    """Those of all nouns: making them is most of what an application costs, and one process may
    have many applications."""
    together = APIRouter(responses=problems.RESPONSES)
    for router in ROUTERS:
        include(together, router)
    return together.routes


def include(app: FastAPI | APIRouter, router: APIRouter) -> None:
    """Add a noun's router; its paths have to end without a slash."""
    for route in router.routes:
        if isinstance(route, APIRoute) and len(route.path) > 1 and route.path.endswith("/"):
            raise ValueError(f"{route.path}: the door removes the slash, this would never match")
    app.include_router(router)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    machinery: Machinery = app.state.machinery
    machinery.start()
    try:
        yield
    finally:
        machinery.stop()
        app.state.database.close()
