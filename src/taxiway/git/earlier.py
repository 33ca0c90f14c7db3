"""Which snapshot that was made before is nearest to one that is to be made.

    <cache>/exports/<snapshot>.json         what it was made from, path by path
    <cache>/mirrors/<mirror>/exported.json  the last few of each folder, newest last

Only a help: without it a snapshot is one full layer.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from taxiway.errors import NotFound
from taxiway.git.layers import Step
from taxiway.storage.cache import Cache
from taxiway.storage.store import Storage

_LOOKED_AT = 3  # of the last ones
_KEPT = 12
_NEAR = 0.01  # of files that differ; a nearer one is not looked for
_SHARE = 0.5  # of the files, or of their bytes in the whole chain; beyond, a full layer is better


class Row(NamedTuple):
    """A file by what it was made from (`origin`: its mode, and a blob or an LFS object) and by
    its own id."""

    mode: str
    origin: str
    oid: str
    size: int


@dataclass(frozen=True)
class Exported:
    """An earlier snapshot to build on: its layers, what it has, and what of it is gone now."""

    steps: tuple[Step, ...] = ()
    origins: Mapping[str, str] | None = None
    gone: tuple[str, ...] = ()
    exact: bool = False  # its id is that of the tree that its files make

    def lacks(self, path: str, row: Row) -> bool:
        return self.origins is None or self.origins.get(path) != row.origin


class Earlier:
    """The snapshots of one mirror and one folder of it."""

    def __init__(self, cache: Cache, mirror: Path, folder: str | None) -> None:
        self._cache = cache
        self._list = mirror / "exported.json"
        self._folder = folder or ""

    def nearest(self, rows: Mapping[str, Row], storage: Storage, longest: int) -> Exported:
        """The one that the least differs from, of equals the newest; none where a full layer is
        better."""
        best: tuple[int, Exported] | None = None
        for key in self._last():
            found = self._compare(key, rows, storage, longest)
            if found is not None and (best is None or found[0] < best[0]):
                best = found
            if best is not None and best[0] <= _NEAR * len(rows):
                break
        return best[1] if best else Exported()

    def keep(self, key: str, rows: Mapping[str, Row]) -> None:
        """Remember a snapshot that was made now."""
        place = self._cache.path("exports", f"{key}.json")
        place.parent.mkdir(parents=True, exist_ok=True)
        origins = {path: row.origin for path, row in rows.items()}
        _replace(place, json.dumps(origins, separators=(",", ":")))
        others = [one for one in self._all() if one != [self._folder, key]]
        _replace(self._list, json.dumps([*others, [self._folder, key]][-_KEPT:]))

    def _last(self) -> list[str]:
        return [key for folder, key in reversed(self._all()) if folder == self._folder][:_LOOKED_AT]

    def _all(self) -> list[list[str]]:
        try:
            return [[str(folder), str(key)] for folder, key in json.loads(self._list.read_text())]
        except (OSError, ValueError, TypeError):
            return []

    def _compare(
        self, key: str, rows: Mapping[str, Row], storage: Storage, longest: int
    ) -> tuple[int, Exported] | None:
        try:
            had = dict(json.loads(self._cache.path("exports", f"{key}.json").read_bytes()))
            manifest = json.loads(storage.get(f"snapshots/{key}.json"))
        except (OSError, ValueError, TypeError, LookupError, AttributeError, NotFound):
            return None
        steps = tuple(Step.from_dict(facts, key) for facts in manifest["layers"])
        changed = [row for path, row in rows.items() if had.get(path) != row.origin]
        gone = tuple(sorted(had.keys() - rows.keys()))
        moved = sum(row.size for row in changed) + sum(one.layer.bytes for one in steps[1:])
        much = moved > _SHARE * sum(row.size for row in rows.values())
        many = len(changed) + len(gone) > _SHARE * len(rows)
        if len(steps) >= longest or much or many:
            return None
        exact = "content" not in manifest
        return len(changed) + len(gone), Exported(steps, had, gone, exact)


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    fresh.write_text(text)
    fresh.replace(path)
