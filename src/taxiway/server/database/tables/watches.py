"""Where pushes are looked for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from taxiway.server.database.tables.base import Base, now


class WatchRow(Base):
    """A repository that workflows follow: one row, and one look, for all of them.

    `key` stands for the address and the credential that reaches it. `due_at`: when it is looked
    at next; a server that looks moves this ahead first, so that no other looks too. `heads` is
    what the last look that got through has seen: branch → commit.
    """

    __tablename__ = "watches"
    __table_args__ = (Index("ix_watches_due_at", "due_at"),)

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    git_repository: Mapped[str] = mapped_column(String(500))
    due_at: Mapped[datetime] = mapped_column(default=now)
    looked_at: Mapped[datetime | None]
    looks: Mapped[int] = mapped_column(default=0)
    heads: Mapped[dict[str, str]] = mapped_column(default=dict, server_default="{}")
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
