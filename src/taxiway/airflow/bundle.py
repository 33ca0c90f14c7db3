"""The versioned Dag bundle: Airflow's view of the generations in the storage.

    <dag_bundle_storage_path>/<bundle>/
    ├── tracking/                  what the Dag processor parses: the files of the newest generation
    │   ├── taxiway_sentinel.py
    │   └── <shard>/<dag_id>.py
    ├── tracked.json               the generation that `tracking/` shows, and its shards
    ├── versions/<generation>/     the sentinel, and a link to each shard; Airflow cleans up here
    ├── shards/<digest>/           DAG files as links to the next, shared by the versions
    ├── dags/<digest>.py
    └── .locks/ · .building/

Every task process imports this module, so it imports nothing heavy.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from airflow.dag_processing.bundles.base import BaseDagBundle, BundleVersion

from taxiway.airflow.sentinel import SENTINEL_FILE, SENTINEL_SOURCE
from taxiway.airflow.shards import Shards
from taxiway.airflow.tracking import Tracking
from taxiway.errors import Invalid
from taxiway.runner.settings import WorkerSettings
from taxiway.storage.bundles import current_generation, read_bundle
from taxiway.storage.cache import Cache
from taxiway.storage.store import Storage


class TaxiwayBundle(BaseDagBundle):  # type: ignore[misc]
    """Without a version it follows the newest generation; with one it shows that, for ever."""

    supports_versioning = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if self.version is not None and not (self.version.isascii() and self.version.isdigit()):
            raise Invalid("bad-generation", f"The bundle has no version {self.version!r}")

    @property
    def path(self) -> Path:
        if self.version is not None:
            return Path(self.versions_dir / self.version)
        return self._tracking().folder

    def initialize(self) -> None:
        if self.version is not None:
            Cache(self.base_dir).ensure("versions", self.version, self._build_version)
        else:
            # The storage is asked for all its generations: it may be another one than last time.
            self._follow(at_least=0)
        super().initialize()

    def refresh(self) -> None:
        """Follow the newest generation: one request to the storage when there is none."""
        if self.version is None:
            tracked = self._tracking().tracked()
            self._follow(at_least=tracked.generation if tracked else 0)

    def get_current_version(self) -> BundleVersion | None:
        if self.version is not None:
            return BundleVersion(version=self.version)
        tracked = self._tracking().tracked()
        return BundleVersion(version=str(tracked.generation)) if tracked else None

    def _follow(self, *, at_least: int) -> None:
        with self.lock():
            self._tracking().follow(current_generation(self._storage(), at_least))

    def _build_version(self, target: Path) -> None:
        """A real folder, which Airflow may remove whenever nobody uses it; links inside it."""
        shards = read_bundle(self._storage(), int(self.version or 0))
        made = Shards(Path(self.base_dir), self._storage()).ensure(shards.values())
        target.mkdir()
        (target / SENTINEL_FILE).write_bytes(SENTINEL_SOURCE)
        for shard, digest in shards.items():
            # Relative to where the folder will be, `versions/<generation>/`.
            (target / shard).symlink_to(os.path.relpath(made[digest], self.versions_dir / "0"))

    def _tracking(self) -> Tracking:
        return Tracking(Path(self.base_dir), self._storage())

    def _storage(self) -> Storage:
        return Storage(WorkerSettings.from_env(os.environ).storage)
