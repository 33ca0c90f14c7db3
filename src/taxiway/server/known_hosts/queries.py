"""All SQL about known hosts."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from taxiway.server.database import KnownHostRow
from taxiway.server.known_hosts.listing import KnownHostQuery
from taxiway.server.paging import Found, page_of


def find(session: Session, known_host_id: str) -> KnownHostRow | None:
    return session.get(KnownHostRow, known_host_id)


def page(session: Session, asked: KnownHostQuery) -> Found[KnownHostRow]:
    statement = select(KnownHostRow)
    if asked.host:
        statement = statement.where(KnownHostRow.host == asked.host.lower())
    return page_of(session, statement, (KnownHostRow.host, KnownHostRow.id), asked)


def known_hosts_text(session: Session) -> str:
    """OpenSSH's file of known hosts."""
    rows = session.scalars(select(KnownHostRow).order_by(KnownHostRow.host, KnownHostRow.id))
    return "".join(f"{_pattern(row)} {row.key_type} {row.public_key}\n" for row in rows)


def _pattern(row: KnownHostRow) -> str:
    if row.port == 22:
        return row.host
    return f"[{row.host}]:{row.port}" if row.port else f"{row.host},[{row.host}]:*"
