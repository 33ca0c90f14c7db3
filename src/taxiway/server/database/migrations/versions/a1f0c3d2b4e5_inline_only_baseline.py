"""Workflows and tasks whose code is inline: the state before Git."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "a1f0c3d2b4e5"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "workflows",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("description", sa.Text),
        sa.Column("schedule", sa.String(255)),
        sa.Column("is_active", sa.Boolean, nullable=False, server_default=sa.text("true")),
        sa.Column(
            "created_at", moment, nullable=False, server_default=sa.text("CURRENT_TIMESTAMP")
        ),
        sa.Column(
            "updated_at", moment, nullable=False, server_default=sa.text("CURRENT_TIMESTAMP")
        ),
    )
    op.create_table(
        "tasks",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column(
            "workflow_id",
            sa.String(36),
            sa.ForeignKey("workflows.id", name="fk_tasks_workflow_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("python_callable", sa.Text, nullable=False),
        sa.Column("params", sa.JSON, server_default="{}"),
        sa.Column("dependencies", sa.JSON, server_default="[]"),
        sa.Column("retry_count", sa.Integer, server_default="0"),
        sa.Column("retry_delay", sa.Integer, server_default="300"),
        sa.Column(
            "created_at", moment, nullable=False, server_default=sa.text("CURRENT_TIMESTAMP")
        ),
        sa.Column(
            "updated_at", moment, nullable=False, server_default=sa.text("CURRENT_TIMESTAMP")
        ),
    )


def downgrade() -> None:
    op.drop_table("tasks")
    op.drop_table("workflows")
