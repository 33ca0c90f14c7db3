"""Whether tasks may be forked from warm processes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "b7e4d1c60f39"
down_revision = "3c7a9e15d2f8"
branch_labels = None
depends_on = None

TABLES = ("workflows", "tasks")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("warm", sa.Boolean))


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "warm")
