"""One folder of a repository: only it is fetched, and only it decides over the snapshot."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from taxiway.errors import Invalid, NotFound
from taxiway.git import objects
from taxiway.git.export import export_snapshot
from taxiway.git.files import Files
from taxiway.git.mirror import Mirror
from taxiway.git.snapshot import use_snapshot

pytestmark = pytest.mark.integration


@pytest.fixture
def monorepo(origin):
    origin.git("config", "uploadpack.allowFilter", "true")
    origin.commit(
        {
            "services/train/train.py": "def train(): ...\n",
            "services/train/lib/util.py": "u = 1\n",
            "services/serve/model.bin": os.urandom(300_000),
        }
    )
    return origin


def test_only_the_folder_is_fetched_read_and_sealed(
    web_mirror: Mirror, server, monorepo, storage, cache
) -> None:
    commit = web_mirror.resolve("main")
    server.requests.clear()
    files = Files(web_mirror, commit, "services/train")
    assert sorted(files.entries) == ["lib/util.py", "train.py"]
    assert files.read("train.py") == b"def train(): ...\n"
    assert files.read("services/train/train.py") is None
    assert files.tree == monorepo.git("rev-parse", "HEAD:services/train")
    packs = (web_mirror.folder / "folders.git").glob("objects/pack/*.pack")
    assert sum(pack.stat().st_size for pack in packs) < 20_000
    assert not web_mirror.files.exists()
    tree = export_snapshot(web_mirror, commit, storage, subdirectory="services/train")
    assert tree == files.tree
    with use_snapshot(tree, storage, cache) as root:
        assert sorted(path.name for path in root.iterdir() if path.name != "__pycache__") == [
            "lib",
            "train.py",
        ]
    assert server.transfers == 2  # the commit with its trees, and the files of the folder


def test_a_commit_that_does_not_touch_the_folder_gives_the_same_snapshot(
    web_mirror: Mirror, server, monorepo, storage
) -> None:
    first = export_snapshot(
        web_mirror, web_mirror.resolve("main"), storage, subdirectory="services/train"
    )
    layers = list(storage.names("layers"))
    monorepo.commit({"services/serve/other": "x", "README": "y"})
    head = web_mirror.resolve("main")
    server.requests.clear()
    again = export_snapshot(web_mirror, head, storage, subdirectory="services/train")
    assert again == first and list(storage.names("layers")) == layers
    assert server.transfers <= 1  # no file was brought


def test_two_folders_share_the_store_and_a_whole_commit_serves_both(
    mirror: Mirror, monorepo
) -> None:
    commit = mirror.resolve("main")
    for folder, name in (("services/train", "train.py"), ("services/serve", "model.bin")):
        assert Files(mirror, commit, folder).read(name) == Files(mirror, commit).read(
            f"{folder}/{name}"
        )
    whole = Mirror(mirror.cache, mirror.url, mirror.policy)
    assert whole.store_of(commit, "services/train") == whole.files


@pytest.mark.parametrize("named", ["services/nothing", "train.py", "services/train/train.py"])
def test_a_folder_that_is_not_there_is_named(mirror: Mirror, monorepo, named: str) -> None:
    with pytest.raises(NotFound) as caught:
        Files(mirror, mirror.resolve("main"), named).tree  # noqa: B018
    assert caught.value.code == "folder-not-found" and named in caught.value.message


def test_a_link_is_no_folder(mirror: Mirror, monorepo) -> None:
    (monorepo.path / "shortcut").symlink_to("services/train")
    commit = monorepo.commit()
    with pytest.raises(Invalid) as caught:
        mirror.fetch(commit, "shortcut")
    assert caught.value.code == "path-is-link"


@pytest.mark.parametrize("named", ["../etc", "/etc", "a//b", ".", "services/../.."])
def test_a_folder_that_could_leave_the_tree_is_refused(mirror: Mirror, monorepo, named) -> None:
    with pytest.raises(Invalid) as caught:
        mirror.fetch(mirror.resolve("main"), named)
    assert caught.value.code == "path-invalid"


def test_a_server_that_gives_no_single_objects_is_asked_for_the_commit(
    web_mirror: Mirror, server, monorepo
) -> None:
    server.protocol_2 = False
    commit = monorepo.git("rev-parse", "HEAD")
    assert Files(web_mirror, commit, "services/train").read("train.py")


def test_a_damaged_store_of_folders_is_made_anew(mirror: Mirror, monorepo) -> None:
    commit = mirror.resolve("main")
    mirror.fetch(commit, "services/train")
    store = mirror.store_of(commit, "services/train")
    for pack in store.glob("objects/pack/*.pack"):
        pack.chmod(0o644)
        pack.write_bytes(b"\0" * pack.stat().st_size)
    again = Mirror(mirror.cache, mirror.url, mirror.policy)
    assert Files(again, commit, "services/train").read("lib/util.py") == b"u = 1\n"
    assert store.with_suffix(".damaged").exists()


def test_a_store_of_folders_knows_what_it_lacks(mirror: Mirror, monorepo) -> None:
    commit = mirror.resolve("main")
    mirror.fetch(commit, "services/train")
    store = mirror.store_of(commit, "services/train")
    big = monorepo.git("rev-parse", "HEAD:services/serve/model.bin")
    assert objects.lacking(store, [big]) == [big]
    mirror.fetch(commit, "services/serve")
    assert objects.lacking(store, [big]) == []
    assert replace(monorepo, path=store).git("for-each-ref", "--format=%(refname)").count("full/")
