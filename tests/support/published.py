"""Airflow in memory, as a Dag bundle makes it: it shows what the storage publishes."""

from __future__ import annotations

import re

from taxiway.server.orchestrator.memory import MemoryOrchestrator
from taxiway.server.orchestrator.port import DagState
from taxiway.storage.bundles import Entry, current_generation, read_bundle, read_shard, shard_of
from taxiway.storage.store import Storage


def entry_of(storage: Storage, dag_id: str) -> Entry | None:
    """What the newest generation has for the workflow."""
    digest = read_bundle(storage, current_generation(storage)).get(shard_of(dag_id))
    return read_shard(storage, digest).get(dag_id) if digest else None


class PublishedOrchestrator(MemoryOrchestrator):
    """In every process the same."""

    def __init__(self, storage: Storage) -> None:
        super().__init__(self._published)
        self.storage = storage

    def _published(self, dag_id: str) -> DagState | None:
        generation = current_generation(self.storage)
        entry = entry_of(self.storage, dag_id)
        if entry is None:
            return None
        source = self.storage.get(f"dags/{entry.dag}.py").decode()
        found = re.search(r'"tag": "(dag-[0-9a-f]+)"', source)
        assert found is not None
        return DagState(dag_id, frozenset(["taxiway", found[1]]), generation, False, False, False)
