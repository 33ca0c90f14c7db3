"""Carries deploys out: those of one workflow one after another, in the order of their numbers.

What was asked for is in the database before the work begins, so a deploy that was killed goes on
at the next start. A deploy ends `ready`, or `failed` with the reason; none is lost silently.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import anyio
import structlog
from anyio.to_thread import run_sync

from taxiway.errors import TaxiwayError
from taxiway.release.model import Release
from taxiway.server.cleanup import lease
from taxiway.server.credentials.keyring import Keyrings
from taxiway.server.database import Database, ReleaseRow, now
from taxiway.server.metrics.instruments import count_deploy
from taxiway.server.notifications.outbox import Outbox
from taxiway.server.publishing.signals import Signals
from taxiway.server.releases import history, queries
from taxiway.server.releases.current import CurrentReleases
from taxiway.server.releases.environments import warm
from taxiway.server.releases.memory import DatabaseMemory
from taxiway.server.releases.prepare import Workshop, prepare
from taxiway.server.releases.records import error_to_json, order_of

log = structlog.get_logger(__name__)

ENDED = ("ready", "failed")
RETRY_SECONDS = 5.0
POLL_SECONDS = 0.05
CLEANUP_SECONDS = 0.2


class Deployer:
    """One per server process. Several may work on one database: a release is published once."""

    def __init__(
        self,
        database: Database,
        shop: Workshop,
        current: CurrentReleases,
        signals: Signals,
        outbox: Outbox | None = None,
        *,
        keyrings: Keyrings | None = None,
        workers: int = 4,
    ) -> None:
        self._database = database
        self._shop = shop
        self._keyrings = keyrings
        self._current = current
        self._signals = signals
        self._outbox = outbox or Outbox()
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="deploy")
        self._stopping = threading.Event()
        self._guard = threading.Lock()
        self._asked: dict[str, bool] = {}  # workflow at work → whether it was asked for again

    def start(self) -> None:
        """Take up what an earlier process left."""
        with self._database.reading() as session:
            left = {row.workflow_id for row in queries.preparing(session)}
        for workflow_id in left:
            self.submit(workflow_id)

    def stop(self) -> None:
        """Begin nothing more; what is not done is done at the next start."""
        self._stopping.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def submit(self, workflow_id: str) -> None:
        """Carry out the open deploys of the workflow, soon. One worker at a time has it, so that
        many deploys of one workflow keep none of another waiting."""
        with self._guard:
            if self._stopping.is_set():
                return
            at_work = workflow_id in self._asked
            self._asked[workflow_id] = at_work
            if not at_work:
                self._pool.submit(self._work, workflow_id)

    def warm(self, release: Release) -> None:
        """Have on this host what the tasks of a release need, soon; nobody waits for it."""
        with self._guard:
            if not self._stopping.is_set():
                self._pool.submit(self._warm, release)

    def _warm(self, release: Release) -> None:
        shop = self._shop
        try:
            warm(release, policy=shop.packages, cache=shop.cache, storage=shop.storage)
        except TaxiwayError as error:  # workers make it themselves, where they can
            log.warning("not-warmed", digest=release.digest, code=error.code, why=error.message)

    async def wait(self, release_id: str, seconds: float) -> ReleaseRow:
        """The release when it has ended, or as it is after `seconds`. Holds no thread."""
        deadline = time.monotonic() + seconds
        while True:
            row = await run_sync(self._read, release_id)
            left = deadline - time.monotonic()
            if row.state in ENDED or left <= 0:
                return row
            await anyio.sleep(min(left, POLL_SECONDS))

    def _read(self, release_id: str) -> ReleaseRow:
        with self._database.reading() as session:
            return session.get_one(ReleaseRow, release_id)

    def _work(self, workflow_id: str) -> None:
        while not self._stopping.is_set():
            try:
                self._deploy_open(workflow_id)
            except Exception:  # the database does not answer: nothing could be told
                log.exception("deploy-waits", workflow_id=workflow_id)
                self._stopping.wait(RETRY_SECONDS)
                continue
            with self._guard:
                if not self._asked[workflow_id]:
                    del self._asked[workflow_id]
                    return
                self._asked[workflow_id] = False

    def _deploy_open(self, workflow_id: str) -> None:
        with self._database.reading() as session:
            left = queries.preparing(session, workflow_id)
        for row in left:
            if self._stopping.is_set():
                return
            self._deploy(row)
            self._signals.announce()

    def _deploy(self, row: ReleaseRow) -> None:
        if not self._wait_for_cleanup():
            return
        try:
            memory = DatabaseMemory(self._database, row.workflow_id)
            order = replace(order_of(row), since=self._last_commit(row))
            self._current.publish(row.id, prepare(order, self._shop_of(row), memory))
            count_deploy("published", (now() - row.created_at).total_seconds())
        except TaxiwayError as error:
            self._fail(row.id, error)
        except Exception:
            log.exception("deploy-failed", release_id=row.id)
            self._fail(
                row.id,
                TaxiwayError(
                    "internal-error",
                    "The deploy failed by a fault of Taxiway",
                    hint="The server's log has the details; please report them.",
                ),
            )

    def _last_commit(self, row: ReleaseRow) -> str | None:
        """From which the files are counted that this deploy changes."""
        with self._database.reading() as session:
            last = queries.last_sealed(session, row.workflow_id, row.number)
        same = last is not None and last.git_repository == row.git_repository
        return last.commit if last is not None and same else None

    def _wait_for_cleanup(self) -> bool:
        """Whether the deploy may go on: a clean-up could take what it is about to use."""
        while not self._stopping.is_set():
            with self._database.reading() as session:
                if not lease.is_taken(session):
                    return True
            self._stopping.wait(CLEANUP_SECONDS)
        return False

    def _shop_of(self, row: ReleaseRow) -> Workshop:
        """The workshop with the workflow's own way to its repository."""
        if self._keyrings is None or row.git_repository is None:
            return self._shop
        policy = self._keyrings.for_workflow(row.workflow_id, row.git_repository)
        return replace(self._shop, git=policy)

    def _fail(self, release_id: str, error: TaxiwayError) -> None:
        with self._database.writing() as session:
            row = session.get_one(ReleaseRow, release_id, with_for_update=True)
            if row.state == "preparing":  # else another server has published it
                row.state = "failed"
                row.error = error_to_json(error)
                count_deploy("failed", (now() - row.created_at).total_seconds())
                self._outbox.deploy_failed(session, row)
                history.failed(session, row, error)
