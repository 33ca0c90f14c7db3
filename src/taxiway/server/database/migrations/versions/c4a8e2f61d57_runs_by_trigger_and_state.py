"""An index for the runs of one trigger in one state: a million of them were looked through."""

from __future__ import annotations

from alembic import op

revision = "c4a8e2f61d57"
down_revision = "b7e4d1c60f39"
branch_labels = None
depends_on = None

NAME = "ix_runs_trigger_state_created_at_id"


def upgrade() -> None:
    op.create_index(NAME, "runs", ["trigger", "state", "created_at", "id"])


def downgrade() -> None:
    op.drop_index(NAME, table_name="runs")
