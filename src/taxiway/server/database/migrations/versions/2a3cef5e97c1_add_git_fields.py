"""Git fields: a task is a function of a repository, or inline code as before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2a3cef5e97c1"
down_revision = "a1f0c3d2b4e5"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("workflows") as table:
        table.add_column(sa.Column("git_repository", sa.String(500)))
        table.add_column(
            sa.Column("git_branch", sa.String(255), nullable=False, server_default="main")
        )
        table.add_column(sa.Column("git_commit_sha", sa.String(40)))
        table.add_column(
            sa.Column("git_auth_type", sa.String(50), nullable=False, server_default="none")
        )
    with op.batch_alter_table("tasks") as table:
        table.add_column(sa.Column("script_path", sa.String(500)))
        table.add_column(sa.Column("function_name", sa.String(255)))
        table.alter_column("python_callable", existing_type=sa.Text, nullable=True)


def downgrade() -> None:
    # A task without inline code cannot be said in the older schema.
    op.execute("UPDATE tasks SET python_callable = '' WHERE python_callable IS NULL")
    with op.batch_alter_table("tasks") as table:
        table.alter_column("python_callable", existing_type=sa.Text, nullable=False)
        table.drop_column("function_name")
        table.drop_column("script_path")
    with op.batch_alter_table("workflows") as table:
        for name in ("git_auth_type", "git_commit_sha", "git_branch", "git_repository"):
            table.drop_column(name)
