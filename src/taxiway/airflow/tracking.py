"""The folder that the Dag processor parses: the files of the newest generation.

A file that did not change is not touched. One that did is written fresh, with a time a little in
the future: Airflow parses a file again only if its time is later than the end of its last parse,
and a parse that is under way now would otherwise hide the change for good.

No two generations write in the same second: Python takes its byte-code of a file as fresh when
the second and the size are equal, and two releases of one workflow are often of equal size.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from taxiway.airflow.sentinel import SENTINEL_FILE, SENTINEL_SOURCE
from taxiway.airflow.sources import fetch, file_name
from taxiway.storage.bundles import read_bundle, read_shard
from taxiway.storage.cache import sync_tree
from taxiway.storage.store import Storage

AHEAD = 3  # seconds; each costs about one needless parse of the changed file


@dataclass(frozen=True)
class Tracked:
    """What the folder shows: the generation, and the digest of each shard."""

    generation: int
    shards: dict[str, str] = field(default_factory=dict)
    written_at: int = 0  # the second that the files of this generation carry


class Tracking:
    """The caller holds the bundle's lock while it follows."""

    def __init__(self, base: Path, storage: Storage) -> None:
        self.folder = base / "tracking"
        self._state = base / "tracked.json"
        self._building = base / ".building"
        self._storage = storage
        self._moment = 0

    def tracked(self) -> Tracked | None:
        """None before the first generation was followed, and after damage."""
        try:
            raw = json.loads(self._state.read_bytes())
            return Tracked(int(raw["generation"]), dict(raw["shards"]), int(raw["written_at"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def follow(self, generation: int) -> None:
        """Make the folder show `generation`. Killed half-way, the next call finishes it."""
        before = self.tracked()
        if before and before.generation == generation and self.folder.is_dir():
            return
        shards = read_bundle(self._storage, generation)
        known = before.shards if before else {}
        self._moment = max(int(time.time()) + AHEAD, before.written_at + 1 if before else 0)
        self._building.mkdir(parents=True, exist_ok=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._put(self.folder / SENTINEL_FILE, SENTINEL_SOURCE)
        on_disk = {entry.name for entry in os.scandir(self.folder) if entry.is_dir()}
        for shard in sorted(on_disk - shards.keys()):
            self._follow_shard(shard, {})
        for shard, digest in sorted(shards.items()):
            if known.get(shard) != digest or shard not in on_disk:
                entries = read_shard(self._storage, digest)
                self._follow_shard(shard, {file_name(d): e.dag for d, e in entries.items()})
        sync_tree(self.folder)
        note = Tracked(generation, shards, self._moment)
        self._put(self._state, json.dumps(asdict(note)).encode("ascii"))

    def _follow_shard(self, shard: str, wanted: dict[str, str]) -> None:
        """`wanted`: file name → digest."""
        folder = self.folder / shard
        folder.mkdir(exist_ok=True)
        # Python leaves its byte-code beside what it parses.
        present = {path.name: _digest(path) for path in folder.glob("*.py")}
        changed = {name: digest for name, digest in wanted.items() if present.get(name) != digest}
        sources = fetch(self._storage, changed.values())
        for name, digest in sorted(changed.items()):
            self._put(folder / name, sources[digest])
        for name in present.keys() - wanted.keys():
            (folder / name).unlink()
        if not wanted:
            shutil.rmtree(folder)

    def _put(self, path: Path, data: bytes) -> None:
        """Write a fresh file over `path`, unless it holds `data` already."""
        with contextlib.suppress(FileNotFoundError):
            if path.read_bytes() == data:
                return
        fd, name = tempfile.mkstemp(dir=self._building)
        with os.fdopen(fd, "wb") as file:
            file.write(data)
        fresh = Path(name)
        fresh.chmod(0o644)
        os.utime(fresh, (self._moment, self._moment))
        fresh.replace(path)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
