"""From a fetched commit to a snapshot in the storage: straight from the objects, no work tree.

`snapshots/<tree>.json` names the layers; it is written last. `content` is there where the tree's
own id cannot be computed from the files (old repositories with odd modes), and is the id that can.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from taxiway.git import objects
from taxiway.git.layers import write_layer
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


def snapshot_key(tree: str) -> str:
    return f"snapshots/{tree}.json"


def export_snapshot(mirror: Mirror, commit: str, storage: Storage) -> str:
    """Have the commit's files in the storage; the id of its tree.

    `Invalid`: a limit is passed (the code names it), or a link leaves the tree
    (`link-leaves-tree`). Submodules are empty folders as yet: `submodules_of` names them.
    """
    tree = mirror.tree_of(commit)
    if storage.exists(snapshot_key(tree)):
        return tree
    with mirror.cache.lock("exports", tree):
        if not storage.exists(snapshot_key(tree)):
            mirror.healing(commit, lambda: _export(mirror, commit, tree, storage))
    return tree


def submodules_of(mirror: Mirror, commit: str) -> list[str]:
    """The paths of the commit's submodules, which a snapshot holds as empty folders."""
    return [entry.path for entry in mirror.list_tree(commit) if entry.mode == SUBMODULE]


def _export(mirror: Mirror, commit: str, tree: str, storage: Storage) -> None:
    entries = [_canonical(entry) for entry in mirror.list_tree(commit)]
    check_sizes(entries, mirror.policy.limits)
    links = [entry for entry in entries if entry.mode == LINK]
    targets = objects.read_blobs(mirror.files, [entry.oid for entry in links])
    check_links(
        {e.path: t.decode("utf-8", "surrogateescape") for e, t in zip(links, targets, strict=True)}
    )
    content = tree_id((entry.path, entry.mode, entry.oid) for entry in entries)
    building = mirror.cache.root / ".building"
    building.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="layer.", dir=building) as folder:
        packed = Path(folder) / "layer"
        layer = write_layer(_contents(mirror, entries), packed)
        storage.put(f"layers/{layer.digest}.tar.zst", packed)
    manifest = {
        "format": 1,
        "tree": tree,
        "layers": [asdict(layer)],
        "submodules": {e.path: e.oid for e in entries if e.mode == SUBMODULE},
    }
    if content != tree:
        manifest["content"] = content
    storage.put(snapshot_key(tree), json.dumps(manifest, sort_keys=True).encode("ascii"))


def _contents(mirror: Mirror, entries: list[TreeEntry]) -> Iterator[tuple[TreeEntry, bytes]]:
    wanted = [entry.oid for entry in entries if entry.mode != SUBMODULE]
    blobs = objects.read_blobs(mirror.files, wanted)
    for entry in entries:
        yield entry, b"" if entry.mode == SUBMODULE else next(blobs)
    next(blobs, None)  # to its end: git must have ended well


def _canonical(entry: TreeEntry) -> TreeEntry:
    if entry.mode in (FILE, PROGRAM, LINK, SUBMODULE):
        return entry
    mode = PROGRAM if int(entry.mode, 8) & 0o100 else FILE
    return TreeEntry(entry.path, mode, entry.oid, entry.size)
