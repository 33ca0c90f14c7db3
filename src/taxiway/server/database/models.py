"""The tables. Rows know nothing of HTTP; there are no relationships, so no hidden queries."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    ForeignKey,
    Index,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from taxiway.server.database.types import UtcDateTime

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


def now() -> datetime:
    return datetime.now(UTC)


def new_id() -> str:
    return str(uuid.uuid4())


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own declaration
        datetime: UtcDateTime(),
        dict[str, Any]: JSON(),
        dict[str, str]: JSON(),
        list[str]: JSON(),
        list[Any]: JSON(),
    }


class WorkflowRow(Base):
    """A workflow as it is declared now. `deleted_at` hides it; its runs and releases stay.

    `retired_at`: Airflow has forgotten it, too.

    `schedule_from` is the earliest moment that the schedule may start a run; it is renewed when
    the schedule changes or is resumed, and sealed at a deploy. `held`: nothing deploys until
    somebody resumes it. `git_commit_sha` is what was pinned, or what the last deploy took.
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
        Index("ix_workflows_name_id", "name", "id"),
        Index("ix_workflows_created_at_id", "created_at", "id"),
        Index("ix_workflows_updated_at_id", "updated_at", "id"),
        Index("ix_workflows_git_repository_name_id", "git_repository", "name", "id"),
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
    git_auth_type: Mapped[str] = mapped_column(String(50), default="none", server_default="none")
    git_update_policy: Mapped[str] = mapped_column(
        String(20), default="on_deploy", server_default="on_deploy"
    )
    requirements: Mapped[str | None] = mapped_column(Text)
    env: Mapped[dict[str, str]] = mapped_column(default=dict, server_default="{}")
    notify_url: Mapped[str | None] = mapped_column(String(500))
    schedule_from: Mapped[datetime | None]
    held: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
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
    edited_at: Mapped[datetime | None]
    edited_by: Mapped[str | None] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(
        default=now, server_default=text("CURRENT_TIMESTAMP")
    )
    updated_at: Mapped[datetime] = mapped_column(
        default=now, onupdate=now, server_default=text("CURRENT_TIMESTAMP")
    )


class ReleaseRow(Base):
    """A release: `state` is preparing, publishing, ready or failed; `sealed` is its canonical JSON."""

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
    lock: Mapped[str | None] = mapped_column(String(64))
    dag_digest: Mapped[str | None] = mapped_column(String(64))
    tag: Mapped[str | None] = mapped_column(String(100))
    generation: Mapped[int | None]
    notes: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    sealed: Mapped[str | None] = mapped_column(Text)
    request_key: Mapped[str | None] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(default=now)
    ready_at: Mapped[datetime | None]


class GenerationRow(Base):
    """A number given out once, in order: what Airflow shall run."""

    __tablename__ = "generations"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    created_at: Mapped[datetime] = mapped_column(default=now)


class PublicationRow(Base):
    """What one generation says of one workflow; without a release, that it is gone.

    `confirmed_at`: Airflow was seen to show it, or something newer.
    """

    __tablename__ = "publications"
    __table_args__ = (
        Index("ix_publications_generation_shard", "generation", "shard"),
        Index("ix_publications_shard_dag_id_generation", "shard", "dag_id", "generation"),
        Index("ix_publications_workflow_id_generation", "workflow_id", "generation"),
        Index("ix_publications_confirmed_at", "confirmed_at"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    generation: Mapped[int] = mapped_column(ForeignKey("generations.number"))
    workflow_id: Mapped[str] = mapped_column(ForeignKey("workflows.id"))
    dag_id: Mapped[str] = mapped_column(String(250))
    shard: Mapped[str] = mapped_column(String(2))
    release_id: Mapped[str | None] = mapped_column(ForeignKey("releases.id"))
    dag_digest: Mapped[str | None] = mapped_column(String(64))
    release_digest: Mapped[str | None] = mapped_column(String(64))
    tag: Mapped[str | None] = mapped_column(String(100))
    confirmed_at: Mapped[datetime | None]


class RunRow(Base):
    """Our record of a run: it outlives the workflow, and Airflow's own history.

    `tasks` are the states of its tasks when it had ended.
    """

    __tablename__ = "runs"
    __table_args__ = (
        UniqueConstraint("dag_id", "airflow_run_id"),
        Index("ix_runs_workflow_id_created_at_id", "workflow_id", "created_at", "id"),
        Index("ix_runs_created_at_id", "created_at", "id"),
        Index("ix_runs_state_created_at_id", "state", "created_at", "id"),
        Index("ix_runs_trigger_created_at_id", "trigger", "created_at", "id"),
        Index("ix_runs_release_id_created_at_id", "release_id", "created_at", "id"),
        Index(
            "ix_runs_workflow_id_state_created_at_id", "workflow_id", "state", "created_at", "id"
        ),
        Index("ix_runs_request_key", "request_key"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    workflow_id: Mapped[str] = mapped_column(ForeignKey("workflows.id"))
    workflow_name: Mapped[str] = mapped_column(String(255))
    dag_id: Mapped[str] = mapped_column(String(250))
    airflow_run_id: Mapped[str] = mapped_column(String(250))
    release_id: Mapped[str | None] = mapped_column(ForeignKey("releases.id"))
    state: Mapped[str] = mapped_column(String(20), default="queued")
    trigger: Mapped[str] = mapped_column(String(20), default="manual")
    params: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    logical_date: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    cancel_requested_at: Mapped[datetime | None]
    tasks: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    request_key: Mapped[str | None] = mapped_column(String(255))


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


class CursorRow(Base):
    """How far something that reads in order has come, so that it goes on there after a restart."""

    __tablename__ = "cursors"

    name: Mapped[str] = mapped_column(String(50), primary_key=True)
    moment: Mapped[datetime]
