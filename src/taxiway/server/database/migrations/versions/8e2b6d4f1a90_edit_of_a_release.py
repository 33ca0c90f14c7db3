"""Which edit of its workflow a release has taken, so that lists need not compare the two."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "8e2b6d4f1a90"
down_revision = "17b34df56a80"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("releases", sa.Column("declared_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("releases", "declared_at")
