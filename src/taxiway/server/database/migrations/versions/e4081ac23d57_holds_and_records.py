"""Holds, messages of deploys, and the record of it all."""

from __future__ import annotations

revision = "e4081ac23d57"
down_revision = "d3f709b12c46"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
