"""Where a commit came from, and a workflow's folder of its repository."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "d3f709b12c46"
down_revision = "c2e6f8a01b35"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("workflows", sa.Column("git_subdirectory", sa.String(500)))
    op.add_column("releases", sa.Column("ref", sa.String(300)))


def downgrade() -> None:
    op.drop_column("releases", "ref")
    op.drop_column("workflows", "git_subdirectory")
