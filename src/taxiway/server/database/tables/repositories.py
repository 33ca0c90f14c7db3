"""Repositories that people read and workflows use."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from taxiway.server.database.tables.base import Base, new_id, now


class RepositoryRow(Base):
    """A Git remote by its canonical URL; `key` is a digest of that. What was last seen of it is only a memory: every reading
    asks the mirror or the remote. `problem` is why the last look failed, null when it did not."""

    __tablename__ = "repositories"
    __table_args__ = (
        UniqueConstraint("key"),
        Index("ix_repositories_created_at_id", "created_at", "id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    key: Mapped[str] = mapped_column(String(40))
    url: Mapped[str] = mapped_column(String(6000))  # escapes make the canonical form longer
    git_credential_id: Mapped[str | None] = mapped_column(String(36))
    default_branch: Mapped[str | None] = mapped_column(String(255))
    looked_at: Mapped[datetime | None]
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now, onupdate=now)
