"""What a release's environment was made from."""

from __future__ import annotations

revision = "f5192bd34e68"
down_revision = "e4081ac23d57"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
