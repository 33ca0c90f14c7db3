"""The vault of a database, at the start of a server: its keys are there, or it does not start."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from taxiway.redaction import Secret
from taxiway.server.database import Database, SecretKeyRow
from taxiway.server.vault import keys
from taxiway.server.vault.vault import Vault

_PROOF = Secret("taxiway")


def open_vault(database: Database, file: Path, *, may_make: bool) -> Vault:
    """The vault of this database. The file is made where `may_make` says so and the database has
    never had a key; else `Unavailable` (`secret-key-missing`) when it is not there."""
    vault = Vault(file)
    with keys.alone(file), database.writing() as session:
        if session.get_bind().dialect.name == "postgresql":  # servers with homes of their own
            session.execute(text("LOCK TABLE secret_keys IN EXCLUSIVE MODE"))
        rows = list(session.scalars(select(SecretKeyRow)))
        if not file.exists():
            if rows or not may_make:
                raise keys.missing(file)
            keys.write(file, keys.new_keys())
        known = keys.read(file).known
        for row in rows:
            if row.id not in known:
                raise keys.missing(file, f" the key {row.id}, which secrets are sealed with")
            vault.open(_owner(row.id), row.proof)
        register(session, vault)
    return vault


def register(session: Session, vault: Vault) -> str:
    """Note in the database that it needs the active key from now on; the key's id."""
    active = keys.read(vault.file).active
    if session.get(SecretKeyRow, active) is None:
        session.add(SecretKeyRow(id=active, proof=vault.seal(_owner(active), _PROOF)))
        session.flush()
    return active


def _owner(key_id: str) -> str:
    return f"secret_keys:{key_id}"
