"""Delivers what the outbox holds: again and again, later each time, until it is taken.

At least once: a server that is killed between the answer and its record delivers it again. The
delivery's id is the same then.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import structlog

from taxiway.errors import Conflict, TaxiwayError
from taxiway.git.policy import GitPolicy
from taxiway.server.database import Database, NotificationRow, WorkflowRow, now
from taxiway.server.notifications import queries
from taxiway.server.notifications.address import NotifyAddress
from taxiway.server.notifications.outbox import Outbox
from taxiway.server.notifications.post import post, status_of

log = structlog.get_logger(__name__)

POLL_SECONDS = 2.0
LEASE = timedelta(seconds=90)  # longer than one try
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=1)
MOST_ATTEMPTS = 14  # spread over some five hours
AT_ONCE = 4


class Courier:
    """A thread of the server; `step` is one pass, for tests too."""

    def __init__(
        self, database: Database, outbox: Outbox, policy: GitPolicy, default_url: str | None
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._policy = policy
        self._default_url = default_url
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="notify")
        self._thread = threading.Thread(target=self._loop, name="courier", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._outbox.news.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _loop(self) -> None:
        while not self._stopping.is_set():
            self._outbox.news.wait(POLL_SECONDS)
            self._outbox.news.clear()
            try:
                self.step()
            except Exception:
                log.exception("courier-failed")
                self._stopping.wait(POLL_SECONDS)

    def step(self) -> int:
        """Try what is due; how many that were."""
        with self._database.reading() as session:
            rows = queries.due(session, now(), limit=AT_ONCE * 10)
        if self._stopping.is_set():
            return 0
        return sum(self._pool.map(self._try, rows))

    def _try(self, row: NotificationRow) -> bool:
        with self._database.writing() as session:
            if not queries.claim(session, row, self.claimed_until()):
                return False
        self.deliver(row.id)
        return True

    def deliver(self, notification_id: str) -> NotificationRow:
        """Try once, and record how it went. The caller has claimed it, or made it for this."""
        with self._database.reading() as session:
            row = session.get_one(NotificationRow, notification_id)
            workflow = session.get_one(WorkflowRow, row.workflow_id)
        status, fault = None, None
        try:
            status = post(self.require_address(workflow), self._policy, row.body, row.id)
        except TaxiwayError as error:
            status, fault = status_of(error), error
            log.warning("notification-not-taken", id=row.id, code=error.code, why=error.message)
        with self._database.writing() as session:
            row = session.get_one(NotificationRow, notification_id)
            row.status = status
            _settle(row, fault)
        return row

    def claimed_until(self) -> datetime:
        """Until when nobody else tries what is tried from now on."""
        return now() + LEASE

    def require_address(self, workflow: WorkflowRow) -> NotifyAddress:
        """Where it goes now: a mistake that is mended reaches what is still waiting.
        `Conflict` (`notify-url-missing`)."""
        url = workflow.notify_url or self._default_url
        if url is None:
            raise Conflict(
                "notify-url-missing",
                f"Nobody is told of {workflow.name}: it has no notify_url, nor has the server",
                hint="Set notify_url on the workflow, or TAXIWAY_NOTIFY_URL for all.",
            )
        return NotifyAddress.parse(url)


def _settle(row: NotificationRow, fault: TaxiwayError | None) -> None:
    if fault is None:
        row.state, row.error, row.delivered_at = "delivered", None, now()
        return
    row.error = {"code": fault.code, "message": fault.message, "hint": fault.hint}
    if row.event == "test" or row.attempts >= MOST_ATTEMPTS:
        row.state = "failed"
    else:
        row.due_at = now() + min(FIRST_PAUSE * 2 ** (row.attempts - 1), LONGEST_PAUSE)
