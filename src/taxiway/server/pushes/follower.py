"""Follows branches: one look at a repository for all its workflows, at its own interval.

Where no workflow of a repository follows pushes, the look is a rare one: it only tells people how
far their workflows are behind.

A push is only ever a hint to look. What is deployed is what the look shows at the branch, and
only where files of the workflow differ; so a hundred pushes between two looks are one.
"""

from __future__ import annotations

import hashlib
import random
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog

from taxiway.errors import TaxiwayError
from taxiway.git.mirror import Mirror
from taxiway.git.url import RepositoryUrl
from taxiway.server.database import Database, WatchRow, WorkflowRow, now
from taxiway.server.pushes import queries
from taxiway.server.pushes.arrivals import Arrivals
from taxiway.server.pushes.heads import Heads
from taxiway.server.releases.records import error_to_json

log = structlog.get_logger(__name__)

POLL_SECONDS = 5.0
LEASE = timedelta(minutes=10)  # longer than a look
SPACING = timedelta(seconds=5)  # between two looks that were hinted at
CALM = 10  # times the interval, where nothing is deployed by itself
LONGEST = timedelta(hours=1)  # between two looks at a repository that does not answer
JITTER = 0.1

MirrorOf = Callable[[WorkflowRow], Mirror]


class Follower:
    """A thread of the server; `step` is one pass, for tests too."""

    def __init__(
        self, database: Database, mirror_of: MirrorOf, arrivals: Arrivals, interval: float
    ) -> None:
        self._database = database
        self._heads = Heads(database, mirror_of)
        self._mirror_of = mirror_of
        self._arrivals = arrivals
        self._interval = timedelta(seconds=interval)
        self._stopping = threading.Event()
        self._news = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="follower", daemon=True)

    def start(self) -> None:
        """An interval of 0 follows nothing."""
        if self._interval:
            self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._news.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def hint(self, repository: str) -> None:
        """Somebody says that something was pushed: look soon. Hints in a row are one look now and
        one when they are over."""
        with self._database.writing() as session:
            last = queries.looked_at(session, repository)
            queries.hasten(session, repository, max(now(), last + SPACING) if last else now())
        self._news.set()

    def _loop(self) -> None:
        while not self._stopping.is_set():
            try:
                pause = self.step()
            except Exception:  # the database does not answer
                log.exception("follower-failed")
                pause = POLL_SECONDS
            self._news.wait(pause)
            self._news.clear()

    def step(self, moment: datetime | None = None) -> float:
        """Look at what is due; seconds until something may be."""
        moment = moment or now()
        groups = self._groups()
        with self._database.reading() as session:
            known = queries.watches(session)
        missing = groups.keys() - known.keys()
        if missing:
            known |= self._begin({key: groups[key][0] for key in missing}, moment)
        due = [key for key in groups if known[key].due_at <= moment]
        for key in due:
            if self._stopping.is_set():
                break
            with self._database.writing() as session:
                mine = queries.claim(session, known[key], moment + LEASE)
            if mine:
                self._look(key, groups[key])
        return POLL_SECONDS if not due else 0.1

    def _groups(self) -> dict[str, list[WorkflowRow]]:
        """One workflow of each repository and credential, by what one look shows: a repository,
        read in one way. Those that only want to be told have a watch of their own, unless one of
        the same repository follows."""
        with self._database.reading() as session:
            sources = queries.sources(session)
        groups: dict[str, list[WorkflowRow]] = defaultdict(list)
        follow: set[str] = set()
        for row, follows in sources:
            try:
                key = self._mirror_of(row).key
            except TaxiwayError as error:  # its address cannot be used: a deploy says so
                log.warning("not-followed", repository=row.git_repository, why=error.code)
                continue
            groups[key].append(row)
            if follows:
                follow.add(key)
        return {
            key if key in follow else hashlib.sha256(f"calm {key}".encode()).hexdigest(): rows
            for key, rows in groups.items()
        }

    def _begin(self, missing: dict[str, WorkflowRow], moment: datetime) -> dict[str, WatchRow]:
        made = {
            key: WatchRow(key=key, git_repository=_address(row), due_at=moment, looks=0, heads={})
            for key, row in missing.items()
        }
        with self._database.writing() as session:
            for watch in made.values():
                session.merge(watch)
        return made

    def _look(self, key: str, alike: Sequence[WorkflowRow]) -> None:
        mirror = self._mirror_of(alike[0])
        calm = key != mirror.key
        try:
            refs = mirror.refs()
        except TaxiwayError as error:
            self._settle(key, error=error, calm=calm)
            return
        with self._database.reading() as session:
            workflows = queries.deployed(session, alike)
        following = [row for row in workflows if row.git_update_policy == "on_push"]
        seen = {ref.name: ref.commit for ref in refs if ref.kind == "branch"}
        heads = {
            row.git_branch: seen[row.git_branch] for row in workflows if row.git_branch in seen
        }
        self._settle(key, heads=heads, calm=calm)
        self._arrivals.consider(mirror, following, seen)
        self._heads.note(mirror, workflows, seen, bring=calm)

    def _settle(
        self,
        key: str,
        heads: dict[str, str] | None = None,
        error: TaxiwayError | None = None,
        *,
        calm: bool,
    ) -> None:
        with self._database.writing() as session:
            watch = session.get_one(WatchRow, key, with_for_update=True)
            failures = int((watch.error or {}).get("failures", 0)) + 1 if error else 0
            watch.looks += 1
            watch.error = {**error_to_json(error), "failures": failures} if error else None
            watch.heads = heads if heads is not None else watch.heads
            interval = (self._interval or LEASE) * (CALM if calm else 1)
            pause = max(interval, min(interval * 2 ** min(failures, 10), LONGEST))
            watch.due_at = now() + pause * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311
        if error is not None:
            log.warning("look-failed", repository=watch.git_repository, why=error.message)


def _address(row: WorkflowRow) -> str:
    """As a hint names it: the canonical form."""
    return RepositoryUrl.parse(row.git_repository or "").text[:500]
