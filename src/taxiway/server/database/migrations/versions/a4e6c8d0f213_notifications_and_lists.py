"""Notifications, and what large lists need."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "a4e6c8d0f213"
down_revision = "9d3f5a7b1c20"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
INDEXES = (
    ("workflows", "created_at", "id"),
    ("workflows", "updated_at", "id"),
    ("workflows", "git_repository", "name", "id"),
    ("tasks", "name", "id"),
    ("runs", "state", "created_at", "id"),
    ("runs", "trigger", "created_at", "id"),
    ("runs", "release_id", "created_at", "id"),
    ("runs", "workflow_id", "state", "created_at", "id"),
)


def _name(table: str, columns: list[str]) -> str:
    return "_".join(["ix", table, *columns])


def upgrade() -> None:
    op.add_column("workflows", sa.Column("notify_url", sa.String(500)))
    op.create_table(
        "notifications",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("workflow_id", sa.String(36), sa.ForeignKey("workflows.id"), nullable=False),
        sa.Column("event", sa.String(20), nullable=False),
        sa.Column("body", sa.JSON, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("error", sa.JSON),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("delivered_at", MOMENT),
    )
    op.create_index("ix_notifications_state_due_at", "notifications", ["state", "due_at"])
    op.create_index(
        "ix_notifications_workflow_id_created_at_id",
        "notifications",
        ["workflow_id", "created_at", "id"],
    )
    op.drop_index("ix_runs_state_workflow_id", "runs")
    for table, *columns in INDEXES:
        op.create_index(_name(table, columns), table, columns)


def downgrade() -> None:
    for table, *columns in INDEXES:
        op.drop_index(_name(table, columns), table)
    op.create_index("ix_runs_state_workflow_id", "runs", ["state", "workflow_id"])
    op.drop_table("notifications")
    op.drop_column("workflows", "notify_url")
