"""The workflows as they are declared now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from taxiway.server.database.tables.base import Base, new_id, now


class WorkflowRow(Base):
    """A workflow as it is declared now. `deleted_at` hides it; its runs and releases stay.

    `retired_at`: Airflow has forgotten it, too.

    `schedule_from` is the earliest moment that the schedule may start a run; it is renewed when
    the schedule changes or is resumed, and sealed at a deploy. `held`: nothing deploys until
    somebody resumes it; `held_from` is the number of the release that was abandoned. `pushed_commit`:
    a push that was seen and not deployed, `push_error` why not. `git_commit_sha` is what was pinned, or what the last deploy took.
    `edited_at` and `edited_by`: when its declaration or that of its tasks was changed, and by whom.
    """

    __tablename__ = "workflows"
    __table_args__ = (
        Index(
            "uq_workflows_dag_id",
            "dag_id",
            unique=True,
            sqlite_where=text("deleted_at IS NULL"),
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index("ix_workflows_name_id_deleted_at", "name", "id", "deleted_at"),
        Index("ix_workflows_created_at_id", "created_at", "id"),
        Index("ix_workflows_updated_at_id", "updated_at", "id"),
        Index("ix_workflows_git_repository_name_id", "git_repository", "name", "id"),
        Index("ix_workflows_git_credential_id", "git_credential_id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(255))
    dag_id: Mapped[str] = mapped_column(String(250))
    description: Mapped[str | None] = mapped_column(Text)
    schedule: Mapped[str | None] = mapped_column(String(255))
    timezone: Mapped[str] = mapped_column(String(64), default="UTC", server_default="UTC")
    catchup: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    max_active_runs: Mapped[int] = mapped_column(default=1, server_default="1")
    is_active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    git_repository: Mapped[str | None] = mapped_column(String(500))
    git_branch: Mapped[str] = mapped_column(String(255), default="main", server_default="main")
    git_commit_sha: Mapped[str | None] = mapped_column(String(40))
    git_subdirectory: Mapped[str | None] = mapped_column(String(500))
    git_auth_type: Mapped[str] = mapped_column(String(50), default="none", server_default="none")
    # No foreign key: SQLite cannot add one to a table. A credential in use cannot be deleted.
    git_credential_id: Mapped[str | None] = mapped_column(String(36))
    git_update_policy: Mapped[str] = mapped_column(
        String(20), default="on_deploy", server_default="on_deploy"
    )
    requirements: Mapped[str | None] = mapped_column(Text)
    dependency_groups: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    env: Mapped[dict[str, str]] = mapped_column(default=dict, server_default="{}")
    secrets: Mapped[dict[str, str]] = mapped_column(default=dict, server_default="{}")
    warm: Mapped[bool | None]
    notify_url: Mapped[str | None] = mapped_column(String(500))
    schedule_from: Mapped[datetime | None]
    held: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    held_at: Mapped[datetime | None]
    held_by: Mapped[str | None] = mapped_column(String(255))
    held_reason: Mapped[str | None] = mapped_column(Text)
    held_from: Mapped[int | None]
    pushed_commit: Mapped[str | None] = mapped_column(String(64))
    pushed_at: Mapped[datetime | None]
    push_error: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    # No foreign key: releases point at workflows, and SQLite cannot add the circle later.
    current_release_id: Mapped[str | None] = mapped_column(String(36))
    deleted_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]
    edited_at: Mapped[datetime | None]
    edited_by: Mapped[str | None] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(
        default=now, server_default=text("CURRENT_TIMESTAMP")
    )
    updated_at: Mapped[datetime] = mapped_column(
        default=now, onupdate=now, server_default=text("CURRENT_TIMESTAMP")
    )
