"""Where a commit came from, and a workflow's folder of its repository."""

from __future__ import annotations

revision = "d3f709b12c46"
down_revision = "c2e6f8a01b35"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
