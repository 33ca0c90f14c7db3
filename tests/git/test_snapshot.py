"""Snapshots on a worker, from storages that are whole and storages that are not."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from dataclasses import asdict
from pathlib import Path

import pytest
import zstandard

from taxiway.errors import Invalid, NotFound, Unavailable
from taxiway.git.export import export_snapshot
from taxiway.git.layers import BadLayer, Layer, unpack_layer, write_layer
from taxiway.git.mirror import Mirror
from taxiway.git.snapshot import use_snapshot
from taxiway.git.trees import TreeEntry, object_id, tree_id
from taxiway.storage.cache import Cache
from taxiway.storage.store import Storage

pytestmark = pytest.mark.integration


@pytest.fixture
def tree(mirror: Mirror, storage: Storage) -> str:
    return export_snapshot(mirror, mirror.resolve("main"), storage)


def refused(tree: str, storage: Storage, cache: Cache) -> Unavailable:
    with pytest.raises(Unavailable) as caught, use_snapshot(tree, storage, cache):
        pass
    assert caught.value.code == "snapshot-damaged" and tree in caught.value.message
    assert not cache.path("snapshots", tree).exists()
    return caught.value


def test_a_snapshot_that_is_nowhere_is_not_found(storage: Storage, cache: Cache) -> None:
    with pytest.raises(NotFound) as caught, use_snapshot("a" * 40, storage, cache):
        pass
    assert caught.value.code == "snapshot-not-found"


def test_a_snapshot_is_used_without_the_storage_once_it_is_there(
    tree: str, storage: Storage, cache: Cache, folder: Path
) -> None:
    with use_snapshot(tree, storage, cache):
        pass
    with use_snapshot(tree, Storage(f"file://{folder}/empty"), cache) as root:
        assert (root / "train.py").exists()


@pytest.mark.parametrize("harm", ["flip", "cut", "swap", "append"])
def test_a_layer_that_changed_in_the_storage_is_refused(
    tree: str, storage: Storage, cache: Cache, harm: str
) -> None:
    assert storage.folder is not None
    [name] = storage.names("layers")
    path = storage.folder / "layers" / name
    content = bytearray(path.read_bytes())
    if harm == "flip":
        content[len(content) // 2] ^= 1
    elif harm == "cut":
        del content[-20:]
    elif harm == "append":
        content += b"x"
    else:
        content = bytearray(zstandard.compress(b"\0" * 10240))
    path.write_bytes(content)
    refused(tree, storage, cache)


def test_a_manifest_that_names_another_trees_layer_is_refused(
    tree: str, storage: Storage, cache: Cache
) -> None:
    manifest = json.loads(storage.get(f"snapshots/{tree}.json"))
    storage.put(f"snapshots/{'b' * 40}.json", json.dumps(manifest).encode())
    refused("b" * 40, storage, cache)


def layer_of(members: list[tuple[tarfile.TarInfo, bytes]], path: Path) -> Layer:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for member, data in members:
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    path.write_bytes(zstandard.compress(raw.getvalue()))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Layer(digest, path.stat().st_size, 100, 10_000)


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, link
    return made


@pytest.mark.parametrize(
    "members",
    [
        [(member("../evil"), b"x")],
        [(member("a/../../evil"), b"x")],
        [(member("/tmp/evil"), b"x")],
        [(member("a", tarfile.LNKTYPE, "/etc/passwd"), b"")],
        [(member("a", tarfile.FIFOTYPE), b"")],
        [(member("a", tarfile.CHRTYPE), b"")],
        [(member("a"), b"x"), (member("a"), b"y")],
        [(member("a"), b"x"), (member("a/b"), b"y")],
        [(member(".git/config"), b"x")],
        [(member("big"), b"x" * 10_001)],
        [(member(f"f{i}"), b"") for i in range(101)],
    ],
)
def test_a_hostile_layer_writes_nothing_outside(
    members: list[tuple[tarfile.TarInfo, bytes]], folder: Path
) -> None:
    layer = layer_of(members, folder / "layer")
    root = folder / "deep" / "root"
    root.mkdir(parents=True)
    with pytest.raises(BadLayer):
        unpack_layer(folder / "layer", layer, root)
    assert sorted(path.name for path in (folder / "deep").iterdir()) == ["root"]


def test_a_link_of_a_layer_is_never_written_through(folder: Path) -> None:
    (folder / "outside").mkdir()
    members = [
        (member("d", tarfile.SYMTYPE, str(folder / "outside")), b""),
        (member("d/evil"), b"x"),
    ]
    layer = layer_of(members, folder / "layer")
    root = folder / "root"
    root.mkdir()
    found = unpack_layer(folder / "layer", layer, root)
    with pytest.raises(ValueError, match="d"):
        found.tree({})
    assert list((folder / "outside").iterdir()) == []


def test_a_sealed_link_that_leaves_is_refused_on_the_worker_too(
    storage: Storage, cache: Cache, folder: Path
) -> None:
    target = b"/etc/passwd"
    entry = TreeEntry("l", "120000", object_id(b"blob", target), len(target))
    layer = write_layer([(entry, target)], folder / "layer")
    tree = tree_id([(entry.path, entry.mode, entry.oid)])
    storage.put(f"layers/{layer.digest}.tar.zst", folder / "layer")
    manifest = {"format": 1, "tree": tree, "layers": [asdict(layer)], "submodules": {}}
    storage.put(f"snapshots/{tree}.json", json.dumps(manifest).encode())
    with pytest.raises(Invalid) as caught, use_snapshot(tree, storage, cache):
        pass
    assert caught.value.code == "link-leaves-tree"
