"""What a deploy check found, and what a release changed."""

from __future__ import annotations

revision = "06a23ce45f79"
down_revision = "f5192bd34e68"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
