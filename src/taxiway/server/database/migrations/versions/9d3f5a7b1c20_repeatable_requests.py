"""Requests that may be repeated, and who edited what."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "9d3f5a7b1c20"
down_revision = "8b4c2d9e6f10"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    for table in ("workflows", "tasks"):
        op.add_column(table, sa.Column("edited_at", MOMENT))
        op.add_column(table, sa.Column("edited_by", sa.String(100)))
    for table in ("releases", "runs"):
        op.add_column(table, sa.Column("request_key", sa.String(255)))
        op.create_index(f"ix_{table}_request_key", table, ["request_key"])
    op.create_table(
        "requests",
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("headers", sa.JSON, nullable=False, server_default="{}"),
        sa.Column("body", sa.Text),
        sa.Column("leased_until", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
    )
    op.create_index("ix_requests_created_at", "requests", ["created_at"])


def downgrade() -> None:
    op.drop_table("requests")
    for table in ("runs", "releases"):
        op.drop_index(f"ix_{table}_request_key", table)
        op.drop_column(table, "request_key")
    for table in ("tasks", "workflows"):
        op.drop_column(table, "edited_by")
        op.drop_column(table, "edited_at")
