"""The credentials, the known hosts, and the keys that the secrets are sealed with."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from taxiway.server.database.tables.base import Base, new_id, now


class CredentialRow(Base):
    """A secret for one host. `secret` is an envelope of the vault, bound to this row; `public_key`
    is the half of a key pair that may be shown. `port`: only for that port, else for any."""

    __tablename__ = "credentials"
    __table_args__ = (
        Index("ix_credentials_name_id", "name", "id"),
        Index("ix_credentials_host_kind_created_at_id", "host", "kind", "created_at", "id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(255))
    kind: Mapped[str] = mapped_column(String(20))
    host: Mapped[str] = mapped_column(String(255))
    port: Mapped[int | None]
    username: Mapped[str | None] = mapped_column(String(255))
    secret: Mapped[str] = mapped_column(Text)
    key_id: Mapped[str] = mapped_column(String(32))  # of the key that seals `secret`
    fingerprint: Mapped[str] = mapped_column(String(100))
    public_key: Mapped[str | None] = mapped_column(Text)
    last_used_at: Mapped[datetime | None]
    last_used_for: Mapped[str | None] = mapped_column(String(500))
    edited_at: Mapped[datetime | None]
    edited_by: Mapped[str | None] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)


class KnownHostRow(Base):
    """A public key that an SSH host may show. `port`: at that port only, else at any."""

    __tablename__ = "known_hosts"
    __table_args__ = (
        Index("ix_known_hosts_host_id", "host", "id"),
        Index("uq_known_hosts_host_port_fingerprint", "host", "port", "fingerprint", unique=True),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    host: Mapped[str] = mapped_column(String(255))
    port: Mapped[int] = mapped_column(default=0)  # 0: any
    key_type: Mapped[str] = mapped_column(String(50))
    public_key: Mapped[str] = mapped_column(Text)
    fingerprint: Mapped[str] = mapped_column(String(100))
    note: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime] = mapped_column(default=now)


class SecretKeyRow(Base):
    """That secrets of this database are sealed with a key of this id; `proof` opens with it. The
    key itself is never here."""

    __tablename__ = "secret_keys"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    proof: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=now)
