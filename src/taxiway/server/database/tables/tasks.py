"""The nodes of the workflows as they are declared now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from taxiway.server.database.tables.base import Base, new_id, now


class TaskRow(Base):
    """One node of a workflow. `dependencies` holds ids, so that renaming a task keeps the graph."""

    __tablename__ = "tasks"
    __table_args__ = (
        UniqueConstraint("workflow_id", "name"),
        Index("ix_tasks_workflow_id_created_at_id", "workflow_id", "created_at", "id"),
        Index("ix_tasks_created_at_id", "created_at", "id"),
        Index("ix_tasks_name_id", "name", "id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    workflow_id: Mapped[str] = mapped_column(ForeignKey("workflows.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(255))
    script_path: Mapped[str | None] = mapped_column(String(500))
    function_name: Mapped[str | None] = mapped_column(String(255))
    python_callable: Mapped[str | None] = mapped_column(Text)
    params: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    dependencies: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    retry_count: Mapped[int] = mapped_column(default=0, server_default="0")
    retry_delay: Mapped[int] = mapped_column(default=300, server_default="300")
    timeout: Mapped[int | None]
    trigger_rule: Mapped[str] = mapped_column(
        String(50), default="all_success", server_default="all_success"
    )
    pool: Mapped[str | None] = mapped_column(String(255))
    pool_slots: Mapped[int] = mapped_column(default=1, server_default="1")
    queue: Mapped[str | None] = mapped_column(String(255))
    env: Mapped[dict[str, str]] = mapped_column(default=dict, server_default="{}")
    inputs: Mapped[dict[str, str]] = mapped_column(default=dict, server_default="{}")
    expand: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    secrets: Mapped[dict[str, str]] = mapped_column(default=dict, server_default="{}")
    warm: Mapped[bool | None]
    edited_at: Mapped[datetime | None]
    edited_by: Mapped[str | None] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(
        default=now, server_default=text("CURRENT_TIMESTAMP")
    )
    updated_at: Mapped[datetime] = mapped_column(
        default=now, onupdate=now, server_default=text("CURRENT_TIMESTAMP")
    )
