"""Repositories."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from taxiway.errors import Invalid
from taxiway.git.url import RepositoryUrl

revision = "c2e6f8a01b35"
down_revision = "b1d5e7f90a24"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    table = op.create_table(
        "repositories",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("url", sa.String(6000), nullable=False),
        sa.Column("git_credential_id", sa.String(36)),
        sa.Column("default_branch", sa.String(255)),
        sa.Column("looked_at", MOMENT),
        sa.Column("problem", sa.JSON),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.UniqueConstraint("key", name="uq_repositories_key"),
    )
    op.create_index("ix_repositories_created_at_id", "repositories", ["created_at", "id"])
    _register_those_of_workflows(table)


def downgrade() -> None:
    op.drop_table("repositories")


def _register_those_of_workflows(table: sa.Table) -> None:
    workflows = sa.table("workflows", sa.column("git_repository"), sa.column("deleted_at"))
    used = sa.select(workflows.c.git_repository).where(
        workflows.c.git_repository.is_not(None), workflows.c.deleted_at.is_(None)
    )
    urls: dict[str, str] = {}
    for text in op.get_bind().scalars(used.distinct()):
        try:
            url = RepositoryUrl.parse(text)
        except Invalid:  # its deploys say why
            continue
        urls[url.key] = url.text
    now = datetime.now(UTC)
    rows = [
        {"id": str(uuid.uuid4()), "key": key, "url": url, "created_at": now, "updated_at": now}
        for key, url in sorted(urls.items())
    ]
    if rows:
        op.bulk_insert(table, rows)
