"""What a release's environment was made from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "f5192bd34e68"
down_revision = "e4081ac23d57"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("releases", sa.Column("python", sa.String(20)))
    op.add_column("releases", sa.Column("environments", sa.JSON))
    op.add_column(
        "workflows", sa.Column("dependency_groups", sa.JSON, nullable=False, server_default="[]")
    )
    op.create_table(
        "resolutions",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("workflow_id", sa.String(36), sa.ForeignKey("workflows.id"), nullable=False),
        sa.Column("asked", sa.String(64), nullable=False),
        sa.Column("lock", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_resolutions_asked", "resolutions", ["asked", "created_at"])
    op.create_index(
        "ix_resolutions_workflow_id_asked", "resolutions", ["workflow_id", "asked", "created_at"]
    )


def downgrade() -> None:
    op.drop_table("resolutions")
    op.drop_column("workflows", "dependency_groups")
    op.drop_column("releases", "environments")
    op.drop_column("releases", "python")
