"""What a deploy check found, and what a release changed."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "06a23ce45f79"
down_revision = "f5192bd34e68"
branch_labels = None
depends_on = None


COLUMNS: dict[str, Any] = {
    "commit_author": sa.Text,
    "commit_message": sa.Text,
    "committed_at": sa.DateTime(timezone=True),
    "changes": sa.JSON,
    "functions": sa.JSON,
}


def upgrade() -> None:
    for name, kind in COLUMNS.items():
        op.add_column("releases", sa.Column(name, kind))


def downgrade() -> None:
    for name in COLUMNS:
        op.drop_column("releases", name)
