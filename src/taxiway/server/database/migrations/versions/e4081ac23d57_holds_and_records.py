"""Holds, messages of deploys, and the record of it all."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "e4081ac23d57"
down_revision = "d3f709b12c46"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
INDEXES = (
    ("audit", "created_at", "id"),
    ("audit", "subject_id", "created_at", "id"),
    ("audit", "action", "created_at", "id"),
)
REFUSAL = "the record of what was done is append-only"


def _columns() -> dict[str, tuple[sa.Column[Any], ...]]:
    return {
        "releases": (
            sa.Column("message", sa.Text),
            sa.Column("deployed_by", sa.String(255)),
            sa.Column("request_id", sa.String(64)),
            sa.Column("cause", sa.String(20), nullable=False, server_default="deploy"),
            sa.Column("unchanged", sa.Boolean, nullable=False, server_default=sa.false()),
            sa.Column("removed_at", MOMENT),
        ),
        "workflows": (
            sa.Column("held_at", MOMENT),
            sa.Column("held_by", sa.String(255)),
            sa.Column("held_reason", sa.Text),
            sa.Column("held_from", sa.Integer),
            sa.Column("pushed_commit", sa.String(64)),
            sa.Column("pushed_at", MOMENT),
            sa.Column("push_error", sa.JSON),
        ),
    }


def upgrade() -> None:
    for table, added in _columns().items():
        for column in added:
            op.add_column(table, column)
    op.create_table(
        "audit",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("who", sa.String(255), nullable=False),
        sa.Column("client", sa.String(100)),
        sa.Column("request_id", sa.String(64)),
        sa.Column("action", sa.String(50), nullable=False),
        sa.Column("kind", sa.String(50), nullable=False),
        sa.Column("subject_id", sa.String(255), nullable=False),
        sa.Column("name", sa.String(500), nullable=False),
        sa.Column("before", sa.JSON),
        sa.Column("after", sa.JSON),
    )
    for table, *columns in INDEXES:
        op.create_index("_".join(["ix", table, *columns]), table, columns)
    op.create_table(
        "watches",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("git_repository", sa.String(500), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("looked_at", MOMENT),
        sa.Column("looks", sa.Integer, nullable=False),
        sa.Column("heads", sa.JSON, nullable=False, server_default="{}"),
        sa.Column("error", sa.JSON),
    )
    op.create_index("ix_watches_due_at", "watches", ["due_at"])
    _append_only()


def _append_only() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER audit_no_{verb} BEFORE {verb.upper()} ON audit"
                f" BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION '{REFUSAL}'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit"
        " FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()"
    )


def downgrade() -> None:
    op.drop_table("watches")
    op.drop_table("audit")  # its triggers go with it
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_append_only()")
    for table, added in _columns().items():
        for column in added:
            op.drop_column(table, column.name)
