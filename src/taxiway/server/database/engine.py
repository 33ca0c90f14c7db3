"""The engine and its sessions: one unit of work a session, committed whole or not at all.

SQLite takes the writer's lock when a writing transaction begins, not at its first write: a
deferred transaction that turns into a writer fails with "database is locked" at once, however
long the time-out is.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, IntegrityError, NoSuchModuleError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from taxiway.errors import Conflict, Invalid

_WRITING = "taxiway_writing"
_AFTER_COMMIT = "taxiway_after_commit"
BUSY_SECONDS = 30
_EMPTY: dict[str | bytes, Callable[[], Any]] = {"{}": dict, "[]": list, b"{}": dict, b"[]": list}


class Database:
    """One database, by its URL. Safe to share between threads; make one per process."""

    def __init__(self, url: str) -> None:
        self.engine = make_engine(url)
        writing = self.engine.execution_options(**{_WRITING: True})
        self._readers = sessionmaker(self.engine, expire_on_commit=False)
        self._writers = sessionmaker(writing, expire_on_commit=False)
        self._closed = False
        event.listen(self.engine, "checkin", self._close_late)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one state of the database and changes nothing."""
        with self._readers() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A unit of work: committed when the block ends, rolled back when it raises.

        On SQLite writers wait for each other here: no network call belongs inside. What was
        registered by `after_commit` runs when the lock is free again.
        """
        with self._writers.begin() as session:
            yield session
        for action in session.info.pop(_AFTER_COMMIT, ()):
            action()

    @contextmanager
    def rehearsing(self) -> Iterator[Session]:
        """A unit of work that never happens: it is rolled back when the block ends."""
        with self._writers() as session:
            yield session
            session.rollback()

    def close(self) -> None:
        """Close what is idle now, and what a thread at work still holds when it gives it back."""
        self._closed = True
        self.engine.dispose()

    def _close_late(self, _: object, record: ConnectionPoolEntry) -> None:
        if self._closed and record.dbapi_connection is not None:
            record.invalidate()


def after_commit(session: Session, action: Callable[[], object]) -> None:
    """Call `action` when the unit of work is committed; never when it is rolled back."""
    session.info.setdefault(_AFTER_COMMIT, []).append(action)


@contextmanager
def integrity_conflict(session: Session, error: Conflict) -> Iterator[None]:
    """Flush after the block; a broken constraint raises `error`, who came second loses."""
    try:
        yield
        session.flush()
    except IntegrityError as cause:
        raise error from cause


def parse_url(url: str) -> URL:
    """The URL with our driver for PostgreSQL; `postgres://` and `postgresql://` mean the same."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise Invalid(
            "database-url-refused",
            "The database URL cannot be parsed",
            hint="Write sqlite:///absolute/path.db or postgresql://user@host/name.",
        ) from None
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise Invalid(
            "database-url-refused",
            f"Databases of the kind {parsed.get_backend_name()!r} are not supported",
            hint="Use SQLite (sqlite:///…) or PostgreSQL (postgresql://…).",
        )
    return parsed


def make_engine(url: str, *, foreign_keys: bool = True) -> Engine:
    parsed = parse_url(url)
    try:
        if parsed.get_backend_name() == "sqlite":
            engine = create_engine(
                parsed, connect_args={"timeout": BUSY_SECONDS}, json_deserializer=_from_json
            )
            _prepare_sqlite(engine, foreign_keys=foreign_keys)
        else:
            engine = create_engine(
                parsed,
                pool_pre_ping=True,
                pool_size=10,
                max_overflow=20,
                json_deserializer=_from_json,
            )
    except (ImportError, NoSuchModuleError) as error:
        raise Invalid(
            "database-url-refused",
            f"The driver {parsed.drivername} is not installed",
            hint="Write postgresql:// without a driver; psycopg comes with taxiway[server].",
        ) from error
    return engine


def _from_json(text: str | bytes) -> Any:
    """Most of what a row keeps as JSON is empty, and a page of a list has hundreds of those."""
    empty = _EMPTY.get(text)
    return empty() if empty is not None else json.loads(text)


def _prepare_sqlite(engine: Engine, *, foreign_keys: bool) -> None:
    def connect(connection: sqlite3.Connection, _: Any) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")
        cursor.close()

    def begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get(_WRITING, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", begin)


def as_writer(engine: Engine) -> Engine:
    """The same engine, whose transactions take the writer's lock when they begin."""
    return engine.execution_options(**{_WRITING: True})
