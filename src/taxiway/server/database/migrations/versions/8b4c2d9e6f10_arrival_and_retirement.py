"""What Airflow was seen to show, what it was seen to forget, and how far its runs were read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "8b4c2d9e6f10"
down_revision = "5d1e7f60b9a2"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("workflows", sa.Column("retired_at", MOMENT))
    op.add_column("publications", sa.Column("confirmed_at", MOMENT))
    op.create_index("ix_publications_confirmed_at", "publications", ["confirmed_at"])
    op.add_column("runs", sa.Column("tasks", sa.JSON))
    op.create_table(
        "cursors",
        sa.Column("name", sa.String(50), primary_key=True),
        sa.Column("moment", MOMENT, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("cursors")
    op.drop_column("runs", "tasks")
    op.drop_index("ix_publications_confirmed_at", "publications")
    op.drop_column("publications", "confirmed_at")
    op.drop_column("workflows", "retired_at")
