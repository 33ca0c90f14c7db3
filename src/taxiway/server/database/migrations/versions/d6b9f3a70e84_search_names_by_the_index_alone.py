"""Names of workflows are searched in their index alone, which says who is deleted, too."""

from __future__ import annotations

from alembic import op

revision = "d6b9f3a70e84"
down_revision = "c4a8e2f61d57"
branch_labels = None
depends_on = None

OLD, NEW = "ix_workflows_name_id", "ix_workflows_name_id_deleted_at"


def upgrade() -> None:
    op.create_index(NEW, "workflows", ["name", "id", "deleted_at"])
    op.drop_index(OLD, table_name="workflows")


def downgrade() -> None:
    op.create_index(OLD, "workflows", ["name", "id"])
    op.drop_index(NEW, table_name="workflows")
