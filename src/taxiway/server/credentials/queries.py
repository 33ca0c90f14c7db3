"""All SQL about credentials."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from taxiway.server.credentials.listing import CredentialQuery
from taxiway.server.database import CredentialRow, WorkflowRow
from taxiway.server.paging import Found, containing, page_of


def find(session: Session, credential_id: str, *, lock: bool = False) -> CredentialRow | None:
    statement = select(CredentialRow).where(CredentialRow.id == credential_id)
    return session.scalar(statement.with_for_update() if lock else statement)


def page(session: Session, asked: CredentialQuery) -> Found[CredentialRow]:
    statement = select(CredentialRow)
    if asked.q:
        statement = statement.where(containing(session, CredentialRow.name, asked.q))
    if asked.kind:
        statement = statement.where(CredentialRow.kind == asked.kind)
    if asked.host:
        statement = statement.where(CredentialRow.host == asked.host.lower())
    return page_of(session, statement, (CredentialRow.name, CredentialRow.id), asked)


def using(session: Session, credential_ids: Iterable[str]) -> dict[str, list[tuple[str, str]]]:
    """The id and the name of each workflow that uses each of these credentials, by name."""
    statement = (
        select(WorkflowRow.git_credential_id, WorkflowRow.id, WorkflowRow.name)
        .where(
            WorkflowRow.git_credential_id.in_(list(credential_ids)),
            WorkflowRow.deleted_at.is_(None),
        )
        .order_by(WorkflowRow.name, WorkflowRow.id)
    )
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for credential_id, workflow_id, name in session.execute(statement):
        found[str(credential_id)].append((workflow_id, name))
    return found


def for_host(session: Session, kind: str, host: str, port: int) -> CredentialRow | None:
    """The oldest credential that may be sent there; one for that very port before one for any."""
    statement = (
        select(CredentialRow)
        .where(
            CredentialRow.kind == kind,
            CredentialRow.host == host,
            or_(CredentialRow.port.is_(None), CredentialRow.port == port),
        )
        .order_by(CredentialRow.port.is_(None), CredentialRow.created_at, CredentialRow.id)
        .limit(1)
    )
    return session.scalar(statement)
