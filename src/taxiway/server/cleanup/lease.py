"""Keeps deploys and a clean-up apart, on all servers of one database.

A deploy finds an object in the storage and does not write it again; a clean-up must not take it
in that moment. A deploy is on record as preparing before it looks at the lease, and a clean-up
has the lease before it looks for deploys: so one of the two always sees the other.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from taxiway.server.database import CursorRow, Database, ReleaseRow, now

NAME = "cleanup"
LEASE = timedelta(minutes=10)  # a clean-up that was killed keeps deploys waiting no longer


def take(database: Database) -> bool:
    """Whether a clean-up may begin: no deploy is being made, and no other clean-up goes on."""
    with database.writing() as session:
        if is_taken(session):
            return False
        session.merge(CursorRow(name=NAME, moment=now() + LEASE))
    with database.reading() as session:
        preparing = session.scalar(
            select(func.count()).select_from(ReleaseRow).where(ReleaseRow.state == "preparing")
        )
    if preparing:
        give_back(database)
    return not preparing


def renew(database: Database) -> None:
    with database.writing() as session:
        session.merge(CursorRow(name=NAME, moment=now() + LEASE))


def give_back(database: Database) -> None:
    with database.writing() as session:
        session.execute(delete(CursorRow).where(CursorRow.name == NAME))


def is_taken(session: Session) -> bool:
    row = session.get(CursorRow, NAME)
    return row is not None and row.moment > now()
