"""Makes Airflow show what was published: asks, looks, asks again, until it is proven.

Asking once is not enough: Airflow drops a request for a file that it is parsing, and may store
an old graph under a new generation. The proof is the DAG's own tag together with the generation.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog

from taxiway.errors import TaxiwayError, Unavailable
from taxiway.server.database import Database, PublicationRow, ReleaseRow, WorkflowRow, now
from taxiway.server.orchestrator.port import DagState, Orchestrator
from taxiway.server.publishing import publications, retirement
from taxiway.server.publishing.publisher import Publisher

log = structlog.get_logger(__name__)

BUSY_SECONDS = 0.1
IDLE_SECONDS = 5.0
ASK_AGAIN_SECONDS = 1.0
IMPORT_ERROR_SECONDS = 20.0


class Reconciler:
    """A thread of the server. `wake` after a publication; `step` is one pass, for tests too."""

    def __init__(
        self,
        database: Database,
        publisher: Publisher,
        orchestrator: Orchestrator,
        *,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._orchestrator = orchestrator
        self._changed = changed
        self._asked: dict[str, float] = {}
        self._first_seen: dict[str, float] = {}
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="reconciler", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._wake.set()
        self._thread.join(timeout=10)

    def wake(self) -> None:
        self._wake.set()

    def _loop(self) -> None:
        pause = 0.0
        while not self._stopping.is_set():
            self._wake.wait(pause)
            self._wake.clear()
            try:
                pause = BUSY_SECONDS if self.step() else IDLE_SECONDS
            except Unavailable as error:
                log.warning("reconcile-waits", code=error.code, reason=error.message)
                pause = ASK_AGAIN_SECONDS
            except Exception:
                log.exception("reconcile-failed")
                pause = IDLE_SECONDS

    def step(self) -> bool:
        """Advance retirements, publish what is pending, check what is not proven.

        True while something is left to do.
        """
        left = retirement.advance(self._database, self._publisher, self._orchestrator)
        self._publisher.publish()
        with self._database.reading() as session:
            open_publications = publications.unconfirmed(session)
        for publication in open_publications:
            if self._arrived(publication):
                self._confirm(publication)
            else:
                left = True
        return left

    def _arrived(self, publication: PublicationRow) -> bool:
        state = self._orchestrator.dag(publication.dag_id)
        self._first_seen.setdefault(publication.id, time.monotonic())
        if publication.release_id is None:
            arrived = state is None or state.is_stale
        else:
            arrived = state is not None and _shows(state, publication)
        if arrived:
            return True
        self._ask(publication)
        if state is not None and state.has_import_errors:
            self._fail_if_broken(publication)
        return False

    def _ask(self, publication: PublicationRow) -> None:
        moment = time.monotonic()
        if moment - self._asked.get(publication.id, -ASK_AGAIN_SECONDS) >= ASK_AGAIN_SECONDS:
            self._asked[publication.id] = moment
            self._orchestrator.look(publication.dag_id)

    def _confirm(self, publication: PublicationRow) -> None:
        if publication.release_id is None:
            self._orchestrator.delete(publication.dag_id)
        else:
            self._unpause(publication.dag_id)
        with self._database.writing() as session:
            publications.confirm(session, publication)
            workflow = session.get_one(WorkflowRow, publication.workflow_id)
            if publication.release_id is None and workflow.deleted_at is not None:
                workflow.retired_at = now()
        self._forget(publication)

    def _unpause(self, dag_id: str) -> None:
        state = self._orchestrator.dag(dag_id)
        if state is not None and state.is_paused:
            self._orchestrator.unpause(dag_id)

    def _fail_if_broken(self, publication: PublicationRow) -> None:
        """A DAG file that Airflow cannot import after many looks: our bug, told as such."""
        if time.monotonic() - self._first_seen[publication.id] < IMPORT_ERROR_SECONDS:
            return
        trace = self._orchestrator.import_error(publication.dag_id)
        if trace is None:
            return
        error = TaxiwayError(
            "dag-import-failed",
            f"Airflow cannot import the DAG {publication.dag_id}: {trace[-2000:]}",
            hint="This is a bug of Taxiway: the earlier release goes on running.",
        )
        with self._database.writing() as session:
            row = session.get_one(PublicationRow, publication.id)
            row.confirmed_at = now()
            release = session.get(ReleaseRow, publication.release_id)
            if release is not None:
                release.state = "failed"
                release.error = {"code": error.code, "message": error.message, "hint": error.hint}
        self._forget(publication)

    def _forget(self, publication: PublicationRow) -> None:
        self._asked.pop(publication.id, None)
        self._first_seen.pop(publication.id, None)
        self._changed()


def _shows(state: DagState, publication: PublicationRow) -> bool:
    return (
        not state.is_stale
        and publication.tag in state.tags
        and (state.generation or 0) >= publication.generation
    )
