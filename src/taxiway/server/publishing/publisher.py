"""Writes generations to the storage, in order and without gaps."""

from __future__ import annotations

import threading

from taxiway.server.database import Database
from taxiway.server.publishing.publications import generations_above, shards_of_generation
from taxiway.storage.bundles import current_generation, write_generation
from taxiway.storage.store import Storage


class Publisher:
    """One per server process. Several servers may publish: a generation has one content."""

    def __init__(self, database: Database, storage: Storage) -> None:
        self._database = database
        self._storage = storage
        self._lock = threading.Lock()
        self._known = 0

    @property
    def highest(self) -> int:
        """The highest generation that is known to be in the storage."""
        with self._lock:
            self._known = current_generation(self._storage, self._known)
            return self._known

    def publish(self) -> None:
        """Write every generation that the database has and the storage has not."""
        highest = self.highest
        with self._lock:
            with self._database.reading() as session:
                pending = [
                    (number, shards_of_generation(session, number))
                    for number in generations_above(session, highest)
                ]
            for number, shards in pending:
                write_generation(self._storage, number, shards)
                self._known = number
