"""Notifications, and what large lists need."""

from __future__ import annotations

revision = "a4e6c8d0f213"
down_revision = "9d3f5a7b1c20"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
