"""All SQL about repositories."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from taxiway.server.database import RepositoryRow
from taxiway.server.paging import Found, containing, page_of
from taxiway.server.repositories.listing import RepositoryQuery


def find(session: Session, repository_id: str, *, lock: bool = False) -> RepositoryRow | None:
    statement = select(RepositoryRow).where(RepositoryRow.id == repository_id)
    return session.scalar(statement.with_for_update() if lock else statement)


def find_by_key(session: Session, key: str) -> RepositoryRow | None:
    return session.scalar(select(RepositoryRow).where(RepositoryRow.key == key))


def page(session: Session, asked: RepositoryQuery) -> Found[RepositoryRow]:
    statement = select(RepositoryRow)
    if asked.q:
        statement = statement.where(containing(session, RepositoryRow.url, asked.q))
    keys = (getattr(RepositoryRow, asked.column), RepositoryRow.id)
    return page_of(session, statement, keys, asked)
