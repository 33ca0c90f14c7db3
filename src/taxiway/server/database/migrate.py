"""Bring a database to this version's schema, whole or not at all.

A SQLite file is copied beside itself before that, under the name of the schema it has.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from taxiway.errors import Conflict
from taxiway.server.database.engine import as_writer, make_engine

log = structlog.get_logger(__name__)

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
            current = _current_of(connection, scripts)
            if current != scripts.get_current_head():
                if current is not None and connection.dialect.name == "sqlite":
                    _back_up(connection, current)
                settings.attributes["connection"] = connection
                command.upgrade(settings, revision)
    finally:
        engine.dispose()


def _back_up(connection: Connection, revision: str) -> None:
    """Copy the file to `<name>.<revision>.bak`: the way back, should the new version not do. The
    writer's lock is held, so nothing is written meanwhile."""
    file = connection.engine.url.database
    if not file or file == ":memory:":
        return
    backup = Path(f"{file}.{revision}.bak")
    new = Path(f"{backup}.new")
    new.unlink(missing_ok=True)
    os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(new)) as target:
        source.backup(target)
    new.replace(backup)
    log.info("database-backed-up", file=str(backup), revision=revision)


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
