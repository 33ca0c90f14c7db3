"""Snapshots made from the nearest one: hard links, and layers of what changed."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from taxiway.errors import Unavailable
from taxiway.git import export, listing, objects
from taxiway.git.export import export_snapshot
from taxiway.git.known_trees import KnownTrees
from taxiway.git.mirror import Mirror
from taxiway.git.snapshot import use_snapshot
from taxiway.storage.cache import Cache
from taxiway.storage.store import Storage

pytestmark = pytest.mark.integration

MANY = {f"pkg{i % 5}/mod{i}.py": f"x = {i}  # {'-' * 200}\n" for i in range(40)}


def files_of(root: Path) -> dict[str, bytes | str]:
    return {
        str(path.relative_to(root)): (
            f"-> {path.readlink()}" if path.is_symlink() else path.read_bytes()
        )
        for path in root.rglob("*")
        if path.is_symlink() or (path.is_file() and "__pycache__" not in path.parts)
    }


@pytest.fixture
def big(origin):
    origin.commit(MANY)
    return origin


def sealed(mirror: Mirror, storage: Storage) -> str:
    return export_snapshot(mirror, mirror.resolve("main"), storage)


def steps_of(tree: str, storage: Storage) -> list[dict]:
    return json.loads(storage.get(f"snapshots/{tree}.json"))["layers"]


def change(big) -> dict[str, bytes | str]:
    """Files changed, added, removed and replaced by a folder, a link moved; what is there now."""
    big.git("rm", "-q", "pkg0/mod5.py", "pkg4/mod4.py", "pkg4/mod9.py", "pkg1/mod1.py")
    (big.path / "link").unlink(missing_ok=True)
    (big.path / "link").symlink_to("pkg0/mod0.py")
    big.commit({"pkg2/mod2.py": "changed", "new/file": "n", "pkg1/mod1.py/inside": "now a folder"})
    wanted = files_of(big.path)
    return {path: data for path, data in wanted.items() if not path.startswith(".git/")}


def test_a_neighbouring_commit_costs_what_changed_everywhere(
    mirror: Mirror, big, storage: Storage, cache: Cache, folder: Path
) -> None:
    (big.path / "link").symlink_to("pkg3/mod3.py")
    big.commit()
    first = sealed(mirror, storage)
    wanted = change(big)
    second = sealed(mirror, storage)
    assert second == big.git("rev-parse", "HEAD^{tree}")
    full, delta = steps_of(second, storage)
    assert full["makes"] == first and delta["makes"] == second
    assert delta["entries"] == 4 and delta["size"] < full["size"] / 2
    assert delta["removed"] == ["pkg0/mod5.py", "pkg1/mod1.py", "pkg4/mod4.py", "pkg4/mod9.py"]
    with use_snapshot(second, storage, Cache(folder / "cold")) as root:
        assert files_of(root) == wanted
    warm = Cache(folder / "warm")
    with use_snapshot(first, storage, warm):
        pass
    full_layer = storage.folder / "layers" / f"{full['digest']}.tar.zst"
    full_layer.unlink()  # what this host has is not brought again
    with use_snapshot(second, storage, warm) as root, use_snapshot(first, storage, warm) as old:
        assert files_of(root) == wanted
        assert (root / "pkg3/mod3.py").samefile(old / "pkg3/mod3.py")
        assert not (root / "pkg2/mod2.py").samefile(old / "pkg2/mod2.py")
        assert root.stat().st_mode & 0o777 == (root / "new").stat().st_mode & 0o777 == 0o555


def test_what_returns_after_it_was_removed_is_there(mirror, big, storage, folder) -> None:
    sealed(mirror, storage)
    big.git("rm", "-q", "pkg0/mod5.py")
    big.commit()
    sealed(mirror, storage)
    big.commit({"pkg0/mod5.py": "back", "other": "o"})
    third = sealed(mirror, storage)
    assert len(steps_of(third, storage)) == 3
    with use_snapshot(third, storage, Cache(folder / "cold")) as root:
        assert (root / "pkg0/mod5.py").read_text() == "back"
        assert len(files_of(root)) == 43


def test_a_chain_does_not_grow_for_ever(
    mirror, big, storage, folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "CHAIN", 3)
    for number in range(5):
        big.commit({"counter": str(number)})
        tree = sealed(mirror, storage)
        assert len(steps_of(tree, storage)) <= 3
    with use_snapshot(tree, storage, Cache(folder / "cold")) as root:
        assert (root / "counter").read_text() == str(number)


def test_much_that_changed_is_a_full_layer(mirror, big, storage) -> None:
    sealed(mirror, storage)
    big.commit({name: "all new" for name in MANY})
    assert len(steps_of(sealed(mirror, storage), storage)) == 1


def test_a_tree_that_the_mirror_lost_is_no_neighbour(
    mirror, big, storage, cache, folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed(mirror, storage)
    assert not cache.path("exports", "").exists()  # the mirror has the tree itself
    shutil.rmtree(mirror.files)
    monkeypatch.setattr(objects, "_KNOWN", KnownTrees())  # another process
    big.commit({"other": "o"})
    tree = sealed(mirror, storage)
    assert len(steps_of(tree, storage)) == 1
    with use_snapshot(tree, storage, Cache(folder / "cold")) as root:
        assert files_of(root)["other"] == b"o"


@pytest.mark.parametrize("harm", ["content", "gone", "listing", "flipped", "no-listing", "evicted"])
def test_a_neighbour_that_is_not_whole_is_not_used(mirror, big, storage, folder, harm: str) -> None:
    first = sealed(mirror, storage)
    wanted = change(big)
    second = sealed(mirror, storage)
    cache = Cache(folder / "worker")
    with use_snapshot(first, storage, cache) as old:
        place = old / "pkg3" / "mod38.py"
    listed = cache.path("listings", f"{first}.json")
    place.parent.chmod(0o755)
    if harm == "content":
        place.chmod(0o644)
        place.write_text("tampered")
    elif harm == "gone":
        place.unlink()
    elif harm == "listing":
        listed.write_text(listed.read_text()[:50])
    elif harm == "flipped":
        listed.write_text(listed.read_text().replace("mod38", "mod83"))
    elif harm == "no-listing":
        listed.unlink()
    else:
        cache.path("snapshots", first).rename(folder / "elsewhere")
    with use_snapshot(second, storage, cache) as root:
        assert files_of(root) == wanted


def test_a_listing_that_lies_is_found_out(mirror, big, storage, folder) -> None:
    first = sealed(mirror, storage)
    change(big)
    second = sealed(mirror, storage)
    cache = Cache(folder / "worker")
    with use_snapshot(first, storage, cache):
        pass
    place = cache.path("listings", f"{first}.json")
    text = place.read_text().partition("\n")[2]
    mode, oid, _ = text.partition("pkg3/mod38.py\0")[2].split(" ", 2)
    lie = text.replace(f"{mode} {oid}", f"{mode} {'0' * 40}")
    assert lie != text
    place.write_text(f"{hashlib.sha256(lie.encode()).hexdigest()}\n{lie}")
    with pytest.raises(Unavailable) as caught, use_snapshot(second, storage, cache):
        pass
    assert caught.value.code == "snapshot-damaged"
    assert listing.read(cache, second) is None
