"""Credentials, known hosts, and the credential of a workflow."""

from __future__ import annotations

revision = "b1d5e7f90a24"
down_revision = "a4e6c8d0f213"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
