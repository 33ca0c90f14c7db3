"""Which snapshot that was made before is nearest to one that is to be made.

    <cache>/exports/<snapshot>.json         what it was made from, path by path, where that is
                                            more than a tree of the mirror
    <cache>/mirrors/<mirror>/exported.json  the last few of each folder, newest last

Only a help: without it a snapshot is one full layer.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from taxiway.errors import Invalid, NotFound
from taxiway.git import objects
from taxiway.git.layers import Step
from taxiway.git.mirror import Mirror
from taxiway.git.trees import TreeEntry
from taxiway.storage.store import Storage

_LOOKED_AT = 3  # of the last ones
_KEPT = 12
_NEAR = 0.05  # of files that differ; a nearer one is not looked for
_SHARE = 0.5  # of the files, or of their bytes in the whole chain; beyond, a full layer is better


@dataclass(frozen=True)
class Sources:
    """What a snapshot is made from. `large` are the files whose content is no blob: each by its
    origin. `is_tree`: it is a tree of the mirror, and no more."""

    entries: Mapping[str, TreeEntry]
    large: Mapping[str, str] = field(default_factory=dict)
    is_tree: bool = False

    def origins(self) -> dict[str, str]:
        return {path: f"{e.mode} {e.oid}" for path, e in self.entries.items()} | dict(self.large)

    def since(self, had: Sources | Mapping[str, str]) -> list[TreeEntry]:
        """What is new or different."""
        if isinstance(had, Sources) and self.is_tree:
            was = had.entries
            return [e for p, e in self.entries.items() if (o := was.get(p)) is not e and o != e]
        before = had.origins() if isinstance(had, Sources) else had
        return [self.entries[p] for p, origin in self.origins().items() if before.get(p) != origin]


@dataclass(frozen=True)
class Exported:
    """An earlier snapshot to build on: its layers, and what is different and gone now."""

    steps: tuple[Step, ...] = ()
    changed: Sequence[TreeEntry] = ()
    gone: tuple[str, ...] = ()
    exact: bool = False  # its id is that of the tree that its files make


class Earlier:
    """The snapshots of one mirror and one folder of it."""

    def __init__(self, mirror: Mirror, folder: str | None) -> None:
        self._mirror = mirror
        self._list = mirror.folder / "exported.json"
        self._folder = folder or ""

    def nearest(self, sources: Sources, storage: Storage, longest: int) -> Exported:
        """The one that the least differs from, of equals the newest; none where a full layer is
        better."""
        best: tuple[int, Exported] | None = None
        for key in self._last():
            found = self._compare(key, sources, storage, longest)
            if found is not None and (best is None or found[0] < best[0]):
                best = found
            if best is not None and best[0] <= _NEAR * len(sources.entries):
                break
        return best[1] if best else Exported(changed=list(sources.entries.values()))

    def keep(self, key: str, sources: Sources) -> None:
        """Remember a snapshot that was made now."""
        if not sources.is_tree:
            _replace(self._place(key), json.dumps(sources.origins(), separators=(",", ":")))
        others = [one for one in self._all() if one != [self._folder, key]]
        _replace(self._list, json.dumps([*others, [self._folder, key]][-_KEPT:]))

    def _place(self, key: str) -> Path:
        return self._mirror.cache.path("exports", f"{key}.json")

    def _last(self) -> list[str]:
        return [key for folder, key in reversed(self._all()) if folder == self._folder][:_LOOKED_AT]

    def _all(self) -> list[list[str]]:
        try:
            return [[str(folder), str(key)] for folder, key in json.loads(self._list.read_text())]
        except (OSError, ValueError, TypeError):
            return []

    def _compare(
        self, key: str, sources: Sources, storage: Storage, longest: int
    ) -> tuple[int, Exported] | None:
        try:
            manifest = json.loads(storage.get(f"snapshots/{key}.json"))
            steps = tuple(Step.from_dict(facts, key) for facts in manifest["layers"])
            exact = "content" not in manifest
            had = (self._tree(key) if exact else None) or self._noted(key)
        except (OSError, ValueError, TypeError, LookupError, AttributeError, NotFound):
            return None
        there = had.entries if isinstance(had, Sources) else had
        changed = sources.since(had)
        gone = tuple(sorted(there.keys() - sources.entries.keys()))
        size = sum(entry.size or 0 for entry in sources.entries.values())
        moved = sum(entry.size or 0 for entry in changed) + sum(s.layer.bytes for s in steps[1:])
        many = len(changed) + len(gone) > _SHARE * len(sources.entries)
        if len(steps) >= longest or moved > _SHARE * size or many:
            return None
        return len(changed) + len(gone), Exported(steps, changed, gone, exact)

    def _noted(self, key: str) -> dict[str, str]:
        return dict(json.loads(self._place(key).read_bytes()))

    def _tree(self, tree: str) -> Sources | None:
        """A tree that the mirror was read for before: in which of its stores is not known."""
        for store in self._mirror.stores:
            with suppress(objects.DamagedStore, Invalid):
                entries = objects.entries_of(store, tree, self._mirror.policy.limits)
                return Sources({entry.path: entry for entry in entries}, is_tree=True)
        return None


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    fresh.write_text(text)
    fresh.replace(path)
