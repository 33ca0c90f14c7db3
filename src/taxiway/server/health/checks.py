"""The parts that the server needs. Each check says why, not only whether."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from pydantic import BaseModel, Field
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from taxiway.errors import TaxiwayError
from taxiway.server.database import Database
from taxiway.server.database.migrate import current_revision, head_revision
from taxiway.server.orchestrator.port import Orchestrator
from taxiway.storage.store import Storage

SECONDS = 5


class PartHealth(BaseModel):
    """One part of the service."""

    ok: bool = Field(description="Whether it works now.")
    detail: str = Field("", description="What was seen; when it does not work, why.")


Check = Callable[[], PartHealth]


def database_check(database: Database) -> Check:
    def check() -> PartHealth:
        try:
            with database.engine.connect() as connection:
                connection.execute(text("SELECT 1"))
                revision = current_revision(connection)
                kind = connection.dialect.name
        except SQLAlchemyError as error:
            return PartHealth(ok=False, detail=f"It does not answer ({type(error).__name__}).")
        return PartHealth(ok=revision == head_revision(), detail=f"{kind}, schema {revision}")

    return check


def storage_check(url: str) -> Check:
    def check() -> PartHealth:
        try:
            Storage(url).exists("bundles/.health")
        except (TaxiwayError, OSError, ValueError) as error:
            return PartHealth(ok=False, detail=str(error))
        return PartHealth(ok=True, detail=url.partition("://")[0])

    return check


def airflow_checks(orchestrator: Orchestrator) -> dict[str, Check]:
    """One check for each part of the orchestrator."""

    def check(name: str) -> PartHealth:
        part = orchestrator.health()[name]
        return PartHealth(ok=part.ok, detail=part.detail)

    return {name: partial(check, name) for name in orchestrator.parts}


def run_checks(checks: Mapping[str, Check]) -> dict[str, PartHealth]:
    """The health of every part, looked at together; one that does not answer is not well."""
    pool = ThreadPoolExecutor(max_workers=max(1, len(checks)), thread_name_prefix="health")
    try:
        waiting = {name: pool.submit(check) for name, check in checks.items()}
        return {name: _outcome(future.result, name) for name, future in waiting.items()}
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _outcome(result: Callable[[float], PartHealth], name: str) -> PartHealth:
    try:
        return result(SECONDS)
    except TimeoutError:
        return PartHealth(ok=False, detail=f"No answer within {SECONDS} seconds.")
    except Exception as error:  # a check that breaks is the news, never a reason to go down
        return PartHealth(ok=False, detail=f"The check of {name} broke: {type(error).__name__}")
