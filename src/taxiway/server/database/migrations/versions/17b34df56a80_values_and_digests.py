"""What went into a task run and what came out."""

from __future__ import annotations

revision = "17b34df56a80"
down_revision = "06a23ce45f79"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
