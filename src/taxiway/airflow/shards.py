"""The folders of DAG files that pinned versions of the bundle link to."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from taxiway.airflow.sources import fetch, file_name
from taxiway.storage.bundles import Entry, read_shard, shard_of
from taxiway.storage.cache import remove_tree, sync_tree
from taxiway.storage.store import Storage


def number_of(bundle: Path, dag_id: str) -> int | None:
    """By which number people know the release that a pinned bundle shows; a run goes on without."""
    try:
        shard = (bundle / shard_of(dag_id)).resolve()
        return int(json.loads(shard.with_suffix(".json").read_bytes())[dag_id])
    except (OSError, ValueError, KeyError, TypeError):
        return None


class Shards:
    """`shards/<digest>/` and `dags/<digest>.py` below `base`; present means complete. Beside a
    shard, `<digest>.json` has the numbers of its releases.

    No locks: two processes that make the same folder make it equal, and the first to rename wins.
    """

    def __init__(self, base: Path, storage: Storage) -> None:
        self._folder = base / "shards"
        self._dags = base / "dags"
        self._building = base / ".building"
        self._storage = storage

    def ensure(self, digests: Iterable[str]) -> dict[str, Path]:
        """digest → folder, made where it is missing; all that is new reaches the disk at once."""
        folders = {digest: self._folder / digest for digest in digests}
        missing = [digest for digest, folder in folders.items() if not folder.exists()]
        if missing:
            for folder in (self._folder, self._dags, self._building):
                folder.mkdir(parents=True, exist_ok=True)
            workspace = Path(tempfile.mkdtemp(prefix="shards.", dir=self._building))
            try:
                self._build(workspace, missing)
            finally:
                remove_tree(workspace)
        return folders

    def _build(self, workspace: Path, digests: list[str]) -> None:
        shards = {digest: read_shard(self._storage, digest) for digest in digests}
        self._ensure_dags(workspace, shards)
        for digest, entries in shards.items():
            folder = workspace / digest
            folder.mkdir()
            for dag_id, entry in entries.items():
                os.link(self._dags / f"{entry.dag}.py", folder / file_name(dag_id))
            numbers = {dag_id: entry.number for dag_id, entry in entries.items() if entry.number}
            (workspace / f"{digest}.json").write_text(json.dumps(numbers))
        sync_tree(workspace)
        for digest in digests:
            (workspace / f"{digest}.json").replace(self._folder / f"{digest}.json")
            try:
                (workspace / digest).rename(self._folder / digest)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise

    def _ensure_dags(self, workspace: Path, shards: Mapping[str, Mapping[str, Entry]]) -> None:
        wanted = {entry.dag for entries in shards.values() for entry in entries.values()}
        missing = [digest for digest in wanted if not (self._dags / f"{digest}.py").exists()]
        made = fetch(self._storage, missing)
        for digest, source in made.items():
            (workspace / f"{digest}.py").write_bytes(source)
        sync_tree(workspace)
        for digest in made:
            with contextlib.suppress(FileExistsError):
                (workspace / f"{digest}.py").replace(self._dags / f"{digest}.py")
