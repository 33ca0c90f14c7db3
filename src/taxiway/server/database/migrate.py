"""Bring a database to this version's schema, whole or not at all."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from taxiway.errors import Conflict
from taxiway.server.database.engine import as_writer, make_engine

_LOCK = int.from_bytes(b"taxiway")  # the same for every server of one PostgreSQL database


def config() -> Config:
    """Alembic's configuration; no file is needed."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    settings.set_main_option("path_separator", "os")
    return settings


def upgrade(url: str, revision: str = "head") -> None:
    """Run the migrations up to `revision`, in one transaction and one server at a time.

    `Conflict` (`database-newer`) when the database was written by a newer Taxiway.
    """
    # SQLite rebuilds a table to change it: with foreign keys on, that would delete its children.
    engine = make_engine(url, foreign_keys=False)
    try:
        with as_writer(engine).begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            settings = config()
            scripts = ScriptDirectory.from_config(settings)
            if _current_of(connection, scripts) != scripts.get_current_head():
                settings.attributes["connection"] = connection
                command.upgrade(settings, revision)
    finally:
        engine.dispose()


def current_revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def head_revision() -> str | None:
    return ScriptDirectory.from_config(config()).get_current_head()


def _current_of(connection: Connection, scripts: ScriptDirectory) -> str | None:
    """The database's revision; `Conflict` when it is none of ours."""
    current = current_revision(connection)
    known = {script.revision for script in scripts.walk_revisions()}
    if current is not None and current not in known:
        raise Conflict(
            "database-newer",
            f"The database has schema {current}, which this version of Taxiway does not know",
            hint="Start the newer version that wrote it, or give another database.",
            revision=current,
        )
    return current
