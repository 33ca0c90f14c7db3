"""From fetched commits to a snapshot in the storage: straight from the objects, no work tree.

`snapshots/<id>.json` names the layers, the full one first; it is written last. `content` is there
where the id is not that of the tree that the files make: where submodules or LFS objects are among
them, and for old repositories with odd modes.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from taxiway.git import lfs, objects
from taxiway.git.composition import Composition, compose
from taxiway.git.earlier import Earlier, Exported, Sources
from taxiway.git.files import Files
from taxiway.git.layers import Step, write_layer
from taxiway.git.mirror import Mirror
from taxiway.git.trees import (
    FILE,
    LINK,
    PROGRAM,
    SUBMODULE,
    TreeEntry,
    check_links,
    check_sizes,
    tree_id,
)
from taxiway.storage.store import Storage

_BLOCK = 1 << 20
CHAIN = 32  # layers; a full one costs as much as the whole repository, on each host


def snapshot_key(tree: str) -> str:
    return f"snapshots/{tree}.json"


def export_snapshot(
    mirror: Mirror, commit: str, storage: Storage, *, subdirectory: str | None = None
) -> str:
    """Have the files of a commit in the storage, with its submodules and LFS objects; their id."""
    made = compose(Files(mirror, commit, subdirectory))
    made.require_sound()
    return export(made, storage)


def export(made: Composition, storage: Storage) -> str:
    """Have the files in the storage; their id.

    `Invalid`: a limit is passed (the code names it), or a link leaves the tree
    (`link-leaves-tree`).
    """
    key, mirror = made.id, made.files.mirror
    if storage.exists(snapshot_key(key)):
        return key
    with mirror.cache.lock("exports", key):
        if not storage.exists(snapshot_key(key)):
            _Export(made, key, storage).write()
    return key


@dataclass
class _Export:
    made: Composition
    key: str
    storage: Storage

    def write(self) -> None:
        made, mirror = self.made, self.made.files.mirror
        entries = _canonical(made.entries)
        sizes = {path: pointer.size for path, pointer in made.lfs.items()}
        check_sizes(list(entries.values()), mirror.policy.limits, sizes)
        check_links(made.links)
        self._large = self._bring_lfs()
        sources = self._sources(entries)
        earlier = Earlier(mirror, made.files.folder)
        base = earlier.nearest(sources, self.storage, CHAIN)
        step = self._healing(lambda: self._write_layer(base))
        content = self._content(base, sources)
        manifest = {
            "format": 1 if len(base.steps) == 0 else 2,
            "tree": self.key,
            "layers": [one.as_dict() for one in (*base.steps, step)],
            "submodules": {e.path: e.oid for e in entries.values() if e.mode == SUBMODULE},
        }
        if content != self.key:
            manifest["content"] = content
        earlier.keep(self.key, sources)
        self.storage.put(snapshot_key(self.key), json.dumps(manifest, sort_keys=True).encode())

    def _sources(self, entries: Mapping[str, TreeEntry]) -> Sources:
        made, large = self.made, dict[str, str]()
        whole = dict(entries)
        for path, place in self._large.items():
            pointer, mode = made.lfs[path], entries[path].mode
            large[path] = f"{mode} sha256:{pointer.oid}"
            whole[path] = TreeEntry(path, mode, _blob_id(place), pointer.size)
        is_tree = len(made.parts) == 1 and not made.lfs and entries is made.entries
        return Sources(whole, large, is_tree)

    def _content(self, base: Exported, sources: Sources) -> str:
        """The id of the tree that the files make. Where the snapshot below is its own tree, and
        this is one too, it is this one; a host that makes it proves it all the same."""
        if base.exact and sources.is_tree:
            return self.key
        return tree_id((e.path, e.mode, e.oid) for e in sources.entries.values())

    def _bring_lfs(self) -> dict[str, Path]:
        """The LFS objects by path; each repository's through its own mirror."""
        found: dict[str, Path] = {}
        for prefix, files in self.made.parts.items():
            mine = {p: one for p, one in self.made.lfs.items() if self.made.prefix_of(p) == prefix}
            places = lfs.ensure(files, mine.values()) if mine else {}
            found |= {path: places[one.oid] for path, one in mine.items()}
        return found

    def _write_layer(self, base: Exported) -> Step:
        building = self.made.files.mirror.cache.root / ".building"
        building.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="layer.", dir=building) as folder:
            packed = Path(folder) / "layer"
            layer = write_layer(self._contents(base.changed), packed)
            self.storage.put(f"layers/{layer.digest}.tar.zst", packed)
        return Step(layer, self.key, base.gone)

    def _contents(self, entries: Sequence[TreeEntry]) -> Iterator[tuple[TreeEntry, bytes | Path]]:
        for prefix, some in groupby(entries, lambda entry: self.made.prefix_of(entry.path)):
            yield from self._of_part(self.made.parts[prefix], list(some))

    def _of_part(
        self, files: Files, entries: list[TreeEntry]
    ) -> Iterator[tuple[TreeEntry, bytes | Path]]:
        plain = [e.oid for e in entries if e.mode != SUBMODULE and e.path not in self._large]
        blobs = objects.read_blobs(files.mirror.store_of(files.commit, files.folder), plain)
        try:
            for entry in entries:
                if entry.mode == SUBMODULE:
                    yield entry, b""
                else:
                    yield entry, self._large.get(entry.path) or next(blobs)
        except objects.DamagedStore:
            raise _Damaged(files) from None

    def _healing(self, act: Callable[[], Step]) -> Step:
        """`act()`; the mirror that turns out to be damaged is made anew, once."""
        try:
            return act()
        except _Damaged as damage:
            damaged = damage.files
        damaged.mirror.renew(damaged.commit, damaged.folder)
        try:
            return act()
        except _Damaged as again:
            raise again.files.mirror.beyond_repair() from None


class _Damaged(Exception):
    """The store of these files is damaged."""

    def __init__(self, files: Files) -> None:
        self.files = files


def _blob_id(path: Path) -> str:
    digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _canonical(entries: Mapping[str, TreeEntry]) -> Mapping[str, TreeEntry]:
    """The same, where no mode is odd."""
    modes = {mode: _plain(mode) for mode in {entry.mode for entry in entries.values()}}
    if all(mode == plain for mode, plain in modes.items()):
        return entries
    return {path: entry._replace(mode=modes[entry.mode]) for path, entry in entries.items()}


def _plain(mode: str) -> str:
    if mode in (FILE, PROGRAM, LINK, SUBMODULE):
        return mode
    return PROGRAM if int(mode, 8) & 0o100 else FILE
