"""What went into a task run and what came out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "17b34df56a80"
down_revision = "06a23ce45f79"
branch_labels = None
depends_on = None


MOMENT = sa.DateTime(timezone=True)
DECLARED = (
    ("tasks", "inputs"),
    ("tasks", "expand"),
    ("tasks", "secrets"),
    ("workflows", "secrets"),
)


def _run_id(table: str) -> sa.Column[str]:
    run = sa.ForeignKey("runs.id", ondelete="CASCADE", name=f"fk_{table}_run_id")
    return sa.Column("run_id", sa.String(36), run, nullable=False)


def upgrade() -> None:
    for table, name in DECLARED:
        op.add_column(table, sa.Column(name, sa.JSON, nullable=False, server_default="{}"))
    op.create_table(
        "task_runs",
        sa.Column("id", sa.String(36), primary_key=True),
        _run_id("task_runs"),
        sa.Column("task", sa.String(255), nullable=False),
        sa.Column("map_index", sa.Integer, nullable=False),
        sa.Column("given", sa.String(64), nullable=False),
        sa.Column("record_digest", sa.String(64), nullable=False),
        sa.Column("record", sa.JSON, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
    )
    place = ["run_id", "task", "map_index"]
    op.create_index("ix_task_runs_run_id_task_map_index", "task_runs", place, unique=True)
    op.create_index("ix_task_runs_given_task", "task_runs", ["given", "task"])
    op.create_table(
        "metrics",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("workflow_id", sa.String(36), nullable=False),
        _run_id("metrics"),
        sa.Column("task", sa.String(255), nullable=False),
        sa.Column("map_index", sa.Integer, nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("value", sa.Float, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
    )
    op.create_index("ix_metrics_workflow_id_created_at", "metrics", ["workflow_id", "created_at"])
    op.create_index("ix_metrics_run_id", "metrics", ["run_id"])


def downgrade() -> None:
    op.drop_table("metrics")
    op.drop_table("task_runs")
    for table, name in reversed(DECLARED):
        op.drop_column(table, name)
