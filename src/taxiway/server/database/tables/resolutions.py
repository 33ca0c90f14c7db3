"""Which lock a deploy came to, by what was asked for."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from taxiway.server.database.tables.base import Base, new_id, now


class ResolutionRow(Base):
    """While `asked`, the digest of all that decides over packages, is equal, `lock` stays."""

    __tablename__ = "resolutions"
    __table_args__ = (
        Index("ix_resolutions_asked", "asked", "created_at"),
        Index("ix_resolutions_workflow_id_asked", "workflow_id", "asked", "created_at"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    workflow_id: Mapped[str] = mapped_column(ForeignKey("workflows.id"))
    asked: Mapped[str] = mapped_column(String(64))
    lock: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(default=now)
