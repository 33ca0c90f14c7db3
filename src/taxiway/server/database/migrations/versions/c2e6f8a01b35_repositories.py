"""Repositories."""

from __future__ import annotations

revision = "c2e6f8a01b35"
down_revision = "b1d5e7f90a24"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
