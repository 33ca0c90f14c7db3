"""What went into a task run and what came out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Float, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from taxiway.server.database.tables.base import Base, new_id, now


class TaskRunRow(Base):
    """The record that a worker left of the latest try of one task run.

    `given` is one digest over inputs and params: equal ones at the same release were given the
    same. `record` is all of it as the worker wrote it.
    """

    __tablename__ = "task_runs"
    __table_args__ = (
        Index("ix_task_runs_run_id_task_map_index", "run_id", "task", "map_index", unique=True),
        Index("ix_task_runs_given_task", "given", "task"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    task: Mapped[str] = mapped_column(String(255))
    map_index: Mapped[int] = mapped_column(default=-1)
    given: Mapped[str] = mapped_column(String(64))
    record_digest: Mapped[str] = mapped_column(String(64))
    record: Mapped[dict[str, Any]] = mapped_column(JSON())
    created_at: Mapped[datetime] = mapped_column(default=now)


class MetricRow(Base):
    """One number of one task run's value, by its place there: `metrics.accuracy`."""

    __tablename__ = "metrics"
    __table_args__ = (
        Index("ix_metrics_workflow_id_created_at", "workflow_id", "created_at"),
        Index("ix_metrics_run_id", "run_id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    workflow_id: Mapped[str] = mapped_column(String(36))
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    task: Mapped[str] = mapped_column(String(255))
    map_index: Mapped[int] = mapped_column(default=-1)
    name: Mapped[str] = mapped_column(String(255))
    value: Mapped[float] = mapped_column(Float)
    created_at: Mapped[datetime] = mapped_column(default=now)
