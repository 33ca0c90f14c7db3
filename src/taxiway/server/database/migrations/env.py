"""Alembic's environment: it migrates the connection that `upgrade` hands over."""

from __future__ import annotations

from alembic import context

from taxiway.server.database.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
