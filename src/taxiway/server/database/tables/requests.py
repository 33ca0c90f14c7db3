"""Requests that may be repeated."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from taxiway.server.database.tables.base import Base, now


class RequestRow(Base):
    """A request that may be repeated, by its `Idempotency-Key`, and the answer that it got.

    Without a `status` it is being carried out, by a server that renews `leased_until`.
    """

    __tablename__ = "requests"
    __table_args__ = (Index("ix_requests_created_at", "created_at"),)

    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None]
    headers: Mapped[dict[str, str]] = mapped_column(default=dict, server_default="{}")
    body: Mapped[str | None] = mapped_column(Text)
    leased_until: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(default=now)
