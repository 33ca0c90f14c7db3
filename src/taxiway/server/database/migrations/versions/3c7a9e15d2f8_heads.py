"""What was last seen at the branches of workflows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "3c7a9e15d2f8"
down_revision = "8e2b6d4f1a90"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "heads",
        sa.Column("workflow_id", sa.String(36), sa.ForeignKey("workflows.id"), primary_key=True),
        sa.Column("git_repository", sa.String(500), nullable=False),
        sa.Column("branch", sa.String(255), nullable=False),
        sa.Column("commit", sa.String(64), nullable=False),
        sa.Column("base", sa.String(64)),
        sa.Column("behind", sa.Integer),
        sa.Column("seen_at", MOMENT, nullable=False),
    )
    op.create_index("ix_heads_commit", "heads", ["commit"])


def downgrade() -> None:
    op.drop_table("heads")
