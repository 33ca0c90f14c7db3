"""Makes Airflow show what was published: asks, looks, asks again, until it is proven.

Asking once is not enough: Airflow drops a request for a file that it is parsing, and may store
an old graph under a new generation. The proof is the DAG's own tag together with the generation.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import structlog

from taxiway.errors import TaxiwayError, Unavailable
from taxiway.server.database import Database, PublicationRow
from taxiway.server.orchestrator.port import DagState, Orchestrator
from taxiway.server.publishing import publications
from taxiway.server.publishing.publisher import Publisher
from taxiway.server.publishing.retirement import Retirement
from taxiway.server.publishing.showing import Showing
from taxiway.server.publishing.signals import Signals

log = structlog.get_logger(__name__)

BUSY_SECONDS = 0.1
IDLE_SECONDS = 5.0
ASK_AGAIN_SECONDS = 1.0
IMPORT_ERROR_SECONDS = 20.0
MOST_FAULTS = 3


@dataclass
class _Watch:
    """What this process remembers of a publication that has not arrived."""

    since: float = field(default_factory=time.monotonic)
    asked: float = float("-inf")
    tried: float = float("-inf")


class Reconciler:
    """A thread of the server; `step` is one pass, for tests too."""

    def __init__(
        self,
        database: Database,
        publisher: Publisher,
        orchestrator: Orchestrator,
        showing: Showing,
        retirement: Retirement,
        signals: Signals,
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._orchestrator = orchestrator
        self._showing = showing
        self._retirement = retirement
        self._signals = signals
        self._watched: dict[str, _Watch] = {}
        self._stopping = threading.Event()
        self._fault: TaxiwayError | None = None
        self._thread = threading.Thread(target=self._loop, name="reconciler", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._signals.wake()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    @property
    def is_stalled(self) -> bool:
        """Whether nothing moves now: Airflow or the storage does not answer."""
        return self._fault is not None or not self._thread.is_alive()

    def _loop(self) -> None:
        pause = 0.0
        while not self._stopping.is_set():
            self._signals.wait_for_work(pause)
            try:
                pause = BUSY_SECONDS if self.step() else IDLE_SECONDS
                self._fault = None
            except Unavailable as error:
                log.warning("reconcile-waits", code=error.code, reason=error.message)
                self._fault = error
                pause = ASK_AGAIN_SECONDS
            except Exception:
                log.exception("reconcile-failed")
                pause = IDLE_SECONDS

    def step(self) -> bool:
        """Publish what is pending, check what is not proven, advance what is being retired.

        True while something is left to do. What is wrong with one workflow holds up no other;
        `Unavailable` when nothing gets through.
        """
        self._showing.settle_owed()
        self._publisher.publish()
        with self._database.reading() as session:
            unconfirmed = publications.unconfirmed(session)
            retiring = publications.retiring(session)
        steps = {row.id: partial(self._check, row) for row in unconfirmed}
        steps |= {row.id: partial(self._retirement.advance, row) for row in retiring}
        self._watched = {key: self._watched.get(key, _Watch()) for key in steps}
        self._each(steps)
        return bool(steps)

    def _each(self, steps: Mapping[str, Callable[[], None]]) -> None:
        """Take every step, those first that were not tried for longest."""
        faults = 0
        for key in sorted(steps, key=lambda key: self._watched[key].tried):
            self._watched[key].tried = time.monotonic()
            try:
                steps[key]()
            except Unavailable as error:
                faults += 1
                if faults == min(MOST_FAULTS, len(steps)):
                    raise
                log.warning("reconcile-waits", code=error.code, reason=error.message)
            except Exception:
                log.exception("reconcile-failed", key=key)

    def _check(self, publication: PublicationRow) -> None:
        state = self._orchestrator.dag(publication.dag_id)
        if _arrived(state, publication):
            self._confirm(publication, state)
            return
        self._ask(publication)
        if publication.release_id and (state is None or state.has_import_errors):
            self._fail_if_broken(publication)

    def _ask(self, publication: PublicationRow) -> None:
        watch = self._watched[publication.id]
        moment = time.monotonic()
        if moment - watch.asked >= ASK_AGAIN_SECONDS:
            watch.asked = moment
            self._orchestrator.look(publication.dag_id)

    def _confirm(self, publication: PublicationRow, state: DagState | None) -> None:
        if publication.release_id is not None:
            if state is not None and state.is_paused:
                self._orchestrator.unpause(publication.dag_id)
        elif self._retirement.is_due(publication):
            self._orchestrator.delete(publication.dag_id)
        with self._database.writing() as session:
            publications.confirm(session, publication)
            if publication.release_id is None:
                self._retirement.finish(session, publication.workflow_id)
        self._signals.announce()

    def _fail_if_broken(self, publication: PublicationRow) -> None:
        """A DAG file that Airflow cannot import after many looks: our bug, told as such."""
        if time.monotonic() - self._watched[publication.id].since < IMPORT_ERROR_SECONDS:
            return
        trace = self._orchestrator.import_error(publication.dag_id)
        if trace is None:
            return
        error = TaxiwayError(
            "dag-import-failed",
            f"Airflow cannot import the DAG {publication.dag_id}: {trace[-2000:]}",
            hint="This is a bug of Taxiway: the earlier release goes on running.",
        )
        self._showing.broken(publication, error)
        self._signals.announce()


def _arrived(state: DagState | None, publication: PublicationRow) -> bool:
    if publication.release_id is None:
        return state is None or state.is_stale
    return (
        state is not None
        and not state.is_stale
        and publication.tag in state.tags
        and (state.generation or 0) >= publication.generation
    )
