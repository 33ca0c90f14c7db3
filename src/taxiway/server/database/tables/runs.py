"""The runs, as the lists and pages need them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from taxiway.server.database.tables.base import Base, new_id, now


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
        Index("ix_runs_trigger_state_created_at_id", "trigger", "state", "created_at", "id"),
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
