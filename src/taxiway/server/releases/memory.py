"""Which locks earlier deploys of a workflow came to: `environment.settle.Memory` on the database."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from taxiway.server.database import Database, ReleaseRow, ResolutionRow

_LATEST = 5  # releases, among which one has the Python that is asked for


class DatabaseMemory:
    """Each call is a transaction of its own."""

    def __init__(self, database: Database, workflow_id: str) -> None:
        self._database = database
        self._workflow_id = workflow_id

    def lock_of(self, asked: str) -> str | None:
        with self._database.reading() as session:
            return _newest(session, asked, self._workflow_id)

    def lock_elsewhere(self, asked: str) -> str | None:
        with self._database.reading() as session:
            return _newest(session, asked, None)

    def latest(self) -> Sequence[str]:
        query = (
            select(ReleaseRow.lock)
            .where(ReleaseRow.workflow_id == self._workflow_id, ReleaseRow.lock.is_not(None))
            .order_by(ReleaseRow.number.desc())
            .limit(_LATEST)
        )
        with self._database.reading() as session:
            return [lock for lock in session.scalars(query) if lock]

    def keep(self, asked: str, lock: str) -> None:
        with self._database.writing() as session:
            if _newest(session, asked, self._workflow_id) != lock:
                session.add(ResolutionRow(workflow_id=self._workflow_id, asked=asked, lock=lock))


def _newest(session: Session, asked: str, workflow_id: str | None) -> str | None:
    query = select(ResolutionRow.lock).where(ResolutionRow.asked == asked)
    if workflow_id is not None:
        query = query.where(ResolutionRow.workflow_id == workflow_id)
    return session.scalar(query.order_by(ResolutionRow.created_at.desc()).limit(1))


class NoMemory:
    """For a deploy that knows of no other."""

    def lock_of(self, asked: str) -> None: ...

    def lock_elsewhere(self, asked: str) -> None: ...

    def latest(self) -> Sequence[str]:
        return ()

    def keep(self, asked: str, lock: str) -> None: ...
