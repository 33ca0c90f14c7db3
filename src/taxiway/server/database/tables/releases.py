"""The releases, and the state of their making."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from taxiway.server.database.tables.base import Base, new_id, now


class ReleaseRow(Base):
    """A release: `state` is preparing, publishing, ready or failed; `sealed` is its canonical JSON.

    `message` and `deployed_by`: why and by whom it was deployed, at which
    request; `cause` is deploy or push.
    `unchanged`: what runs is what the release before it ran. `removed_at`: its files are gone.
    `declared_at`: the workflow's `edited_at` when the release took what was declared.
    """

    __tablename__ = "releases"
    __table_args__ = (
        UniqueConstraint("workflow_id", "number"),
        Index("ix_releases_digest", "digest"),
        Index("ix_releases_state", "state"),
        Index("ix_releases_request_key", "request_key"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    workflow_id: Mapped[str] = mapped_column(ForeignKey("workflows.id"))
    number: Mapped[int]
    state: Mapped[str] = mapped_column(String(20), default="preparing")
    digest: Mapped[str | None] = mapped_column(String(64))
    commit: Mapped[str | None] = mapped_column(String(64))
    tree: Mapped[str | None] = mapped_column(String(64))
    git_repository: Mapped[str | None] = mapped_column(String(500))
    git_branch: Mapped[str | None] = mapped_column(String(255))
    ref: Mapped[str | None] = mapped_column(String(300))
    lock: Mapped[str | None] = mapped_column(String(64))
    python: Mapped[str | None] = mapped_column(String(20))
    environments: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    dag_digest: Mapped[str | None] = mapped_column(String(64))
    tag: Mapped[str | None] = mapped_column(String(100))
    generation: Mapped[int | None]
    notes: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    sealed: Mapped[str | None] = mapped_column(Text)
    declared_at: Mapped[datetime | None]
    request_key: Mapped[str | None] = mapped_column(String(255))
    message: Mapped[str | None] = mapped_column(Text)
    deployed_by: Mapped[str | None] = mapped_column(String(255))
    request_id: Mapped[str | None] = mapped_column(String(64))
    cause: Mapped[str] = mapped_column(String(20), default="deploy", server_default="deploy")
    unchanged: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    removed_at: Mapped[datetime | None]
    commit_author: Mapped[str | None] = mapped_column(Text)
    commit_message: Mapped[str | None] = mapped_column(Text)
    committed_at: Mapped[datetime | None]
    changes: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    # Large, and wanted by few: it is not loaded with the row.
    functions: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), deferred=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    ready_at: Mapped[datetime | None]
