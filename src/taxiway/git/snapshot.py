"""The files of one tree on a worker: read-only, addressed by the tree's id, proven against it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from taxiway.errors import NotFound, Unavailable
from taxiway.git.layers import BadLayer, Layer, Unpacked, unpack_layer
from taxiway.git.trees import check_links
from taxiway.storage.cache import Cache
from taxiway.storage.store import Storage


@contextmanager
def use_snapshot(tree: str, storage: Storage, cache: Cache) -> Iterator[Path]:
    """The folder with the tree's files, made from the storage where the cache lacks it; it is
    kept from eviction while the block runs.

    `NotFound` (`snapshot-not-found`); `Unavailable` (`snapshot-damaged`) when what the storage
    holds is not that tree.
    """
    with cache.use_marked("snapshots", tree, lambda target: _build(tree, storage, target)) as path:
        yield path


def _build(tree: str, storage: Storage, target: Path) -> None:
    target.mkdir()
    try:
        _fill(tree, _manifest(tree, storage), storage, target)
    except (BadLayer, KeyError, TypeError, ValueError) as error:
        raise Unavailable(
            "snapshot-damaged",
            f"The snapshot {tree} in the storage is damaged: {error}",
            hint="Remove its object from the storage's snapshots/ and layers/, and deploy again.",
            tree=tree,
        ) from error


def _manifest(tree: str, storage: Storage) -> dict[str, Any]:
    try:
        return dict(json.loads(storage.get(f"snapshots/{tree}.json")))
    except NotFound:
        raise NotFound(
            "snapshot-not-found",
            f"The storage has no snapshot {tree}",
            hint="Was the storage replaced, or pruned by hand? Deploy again.",
            tree=tree,
        ) from None


def _fill(tree: str, manifest: dict[str, Any], storage: Storage, target: Path) -> None:
    [facts] = manifest["layers"]
    layer = Layer(**facts)
    found = _unpack(layer, storage, target)
    if found.tree(manifest["submodules"]) != manifest.get("content", tree):
        raise BadLayer("its files are not the tree's")
    check_links(found.links)
    for name, destination in found.links.items():
        link = target / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(destination)
    for folder, _, _ in os.walk(target, topdown=False):
        os.chmod(folder, 0o555)  # noqa: PTH101


def _unpack(layer: Layer, storage: Storage, target: Path) -> Unpacked:
    key = f"layers/{layer.digest}.tar.zst"
    if storage.folder is not None and (storage.folder / key).exists():
        return unpack_layer(storage.folder / key, layer, target)
    packed = target.with_name("layer")
    storage.download(key, packed)
    try:
        return unpack_layer(packed, layer, target)
    finally:
        packed.unlink()
