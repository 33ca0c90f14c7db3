"""Requests that may be repeated, and versions of rows."""

from __future__ import annotations

revision = "9d3f5a7b1c20"
down_revision = "8b4c2d9e6f10"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
