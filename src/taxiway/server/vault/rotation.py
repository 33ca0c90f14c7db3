"""A new key for all secrets. It may be killed at any point and run again.

    1. a new key is added to the file, and is active: new secrets take it
    2. each secret that an older key sealed is sealed anew, in a transaction of its own
    3. nothing needs the older keys now: the next rotation drops them, or this one where it is told

Until 3 the file holds all keys, so every secret opens at every moment, and a server that runs
reads them as before. An older key outlives its rotation because another server may be about to
commit a secret that it sealed a moment ago.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from taxiway.server.database import CredentialRow, Database, SecretKeyRow
from taxiway.server.vault import keys
from taxiway.server.vault.start import register
from taxiway.server.vault.vault import Vault, key_of


@dataclass(frozen=True)
class Rotation:
    """What was done: the key that is active now, and how many secrets it took over."""

    key_id: str
    resealed: int
    continued: bool  # an earlier one had been broken off


def rotate(database: Database, vault: Vault, *, forget: bool = False) -> Rotation:
    """Seal every secret with a new key. One that was broken off is finished, with its key."""
    with keys.alone(vault.file):
        ring = keys.read(vault.file)
        continued = bool(_next_old(database, ring.active))
        if not continued:
            _drop_unused(database, vault)
            keys.write(vault.file, keys.read(vault.file).with_new())
        with database.writing() as session:
            active = register(session, vault)
        resealed = 0
        while row_id := _next_old(database, active):
            with database.writing() as session:
                resealed += _reseal(session, row_id, vault)
        if forget:
            _drop_unused(database, vault)
    return Rotation(active, resealed, continued)


def _next_old(database: Database, active: str) -> str | None:
    statement = select(CredentialRow.id).where(CredentialRow.key_id != active).limit(1)
    with database.reading() as session:
        return session.scalar(statement)


def _reseal(session: Session, row_id: str, vault: Vault) -> bool:
    row = session.get(CredentialRow, row_id, with_for_update=True)
    if row is None:
        return False
    row.secret = vault.seal(owner_of(row.id), vault.open(owner_of(row.id), row.secret))
    row.key_id = key_of(row.secret)
    return True


def _drop_unused(database: Database, vault: Vault) -> None:
    """Older keys leave the database's list first: what it lists, the file has."""
    ring = keys.read(vault.file)
    with database.writing() as session:
        session.execute(delete(SecretKeyRow).where(SecretKeyRow.id != ring.active))
    keys.write(vault.file, ring.only_active())


def owner_of(credential_id: str) -> str:
    """The name that a credential's secret is bound to."""
    return f"credentials:{credential_id}"
