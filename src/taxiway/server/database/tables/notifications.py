"""What has to be heard."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from taxiway.server.database.tables.base import Base, new_id, now


class NotificationRow(Base):
    """Something that has to be heard: written with what it tells of, delivered afterwards.

    `state` is pending, delivered or failed. `due_at`: when it is tried next; a server that tries
    it moves this ahead first, so that no other tries it too.
    """

    __tablename__ = "notifications"
    __table_args__ = (
        Index("ix_notifications_state_due_at", "state", "due_at"),
        Index("ix_notifications_workflow_id_created_at_id", "workflow_id", "created_at", "id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    workflow_id: Mapped[str] = mapped_column(ForeignKey("workflows.id"))
    event: Mapped[str] = mapped_column(String(20))
    body: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(20), default="pending")
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime] = mapped_column(default=now)
    status: Mapped[int | None]
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column(default=now)
    delivered_at: Mapped[datetime | None]
