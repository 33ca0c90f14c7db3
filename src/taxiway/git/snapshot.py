"""The files of one tree on a worker: read-only, addressed by the tree's id, proven against it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from taxiway.errors import NotFound, Unavailable
from taxiway.git import listing
from taxiway.git.layers import BadLayer, Layer, Step, Unpacked, unpack_layer
from taxiway.git.trees import LINK, check_links, object_id
from taxiway.storage import marks
from taxiway.storage.cache import Cache
from taxiway.storage.store import Storage


@contextmanager
def use_snapshot(tree: str, storage: Storage, cache: Cache) -> Iterator[Path]:
    """The folder with the tree's files, made from the storage where the cache lacks it; it is
    kept from eviction while the block runs.

    `NotFound` (`snapshot-not-found`); `Unavailable` (`snapshot-damaged`) when what the storage
    holds is not that tree.
    """

    def build(target: Path) -> Mapping[str, marks.File]:
        return _build(tree, storage, cache, target)

    with cache.use_marked("snapshots", tree, build) as path:
        yield path


def _build(tree: str, storage: Storage, cache: Cache, target: Path) -> Mapping[str, marks.File]:
    target.mkdir()
    try:
        return _fill(tree, _manifest(tree, storage), storage, cache, target)
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


def _fill(
    tree: str, manifest: dict[str, Any], storage: Storage, cache: Cache, target: Path
) -> Mapping[str, marks.File]:
    steps = [Step.from_dict(facts, tree) for facts in manifest["layers"]]
    submodules = dict(manifest["submodules"])
    found = Unpacked()
    hidden: set[str] = set()  # what a layer above has, or removes
    linked: dict[str, str] = {}
    while steps and not _take_base(steps[-1].makes, tree, cache, target, hidden, found, linked):
        step = steps.pop()
        made = _unpack(step.layer, storage, target, hidden)
        found.add(made)
        hidden |= {path for path, _, _ in made.entries} | made.folders | set(step.removed)
    if found.tree(submodules) != manifest.get("content", tree):
        raise BadLayer("its files are not the tree's")
    check_links(found.links)
    for name, destination in found.links.items():
        link = target / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(destination)
        found.known[name] = (name, 0o777, len(os.fsencode(destination)), destination)
    for folder in _folders(found):
        os.chmod(f"{target}/{folder}", 0o555)  # noqa: PTH101
    listing.write(cache, tree, target, found, linked)
    return found.known


def _folders(found: Unpacked) -> set[str]:
    """All folders of what was made, the root as the empty one."""
    folders = {path.rpartition("/")[0] for path, _, _ in found.entries} | found.folders
    for folder in list(folders):
        while folder and (folder := folder.rpartition("/")[0]) not in folders:
            folders.add(folder)
    return folders | {""}


def _take_base(
    base: str,
    tree: str,
    cache: Cache,
    target: Path,
    hidden: set[str],
    found: Unpacked,
    facts: dict[str, str],
) -> bool:
    """Link what is not hidden of the snapshot `base`, where this host has it and it is whole."""
    if base == tree or not cache.path("snapshots", base).exists():
        return False
    listed = listing.read(cache, base)
    if listed is None:
        return False
    with cache.lock("snapshots", base, shared=True):
        try:
            linked = listing.link(listed, cache.path("snapshots", base), target, hidden)
        except listing.Unfit:
            return False
    links = {path: where for path, where in listed.links.items() if path not in hidden}
    rows = [(path, LINK, object_id(b"blob", os.fsencode(where))) for path, where in links.items()]
    folders = {folder for folder in listed.folders if folder not in hidden}
    for folder in folders:
        (target / folder).mkdir(parents=True)
    facts |= {path: listed.files[path] for path in linked.known}
    found.add(linked)
    found.add(Unpacked(rows, links, folders))
    return True


def _unpack(layer: Layer, storage: Storage, target: Path, skip: set[str]) -> Unpacked:
    key = f"layers/{layer.digest}.tar.zst"
    if storage.folder is not None and (storage.folder / key).exists():
        return unpack_layer(storage.folder / key, layer, target, skip)
    packed = target.with_name("layer")
    storage.download(key, packed)
    try:
        return unpack_layer(packed, layer, target, skip)
    finally:
        packed.unlink()
