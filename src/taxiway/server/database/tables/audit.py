"""The record of what was done."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from taxiway.server.database.tables.base import Base, new_id, now


class AuditRow(Base):
    """One thing that was done: by whom, to what, and what was before and after.

    Rows are only ever added: triggers of the database refuse to change or remove one. There is
    no foreign key, because what a row tells of may be gone. `before` and `after` hold the fields
    that differ, and never a secret.
    """

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_created_at_id", "created_at", "id"),
        Index("ix_audit_subject_id_created_at_id", "subject_id", "created_at", "id"),
        Index("ix_audit_action_created_at_id", "action", "created_at", "id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    created_at: Mapped[datetime] = mapped_column(default=now)
    who: Mapped[str] = mapped_column(String(255))
    client: Mapped[str | None] = mapped_column(String(100))
    request_id: Mapped[str | None] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(50))
    kind: Mapped[str] = mapped_column(String(50))
    subject_id: Mapped[str] = mapped_column(String(255))
    name: Mapped[str] = mapped_column(String(500))
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
