"""Submodules: what `.gitmodules` says, where it leads, and the files at the pinned commit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from taxiway.errors import Denied, Invalid, NotFound, Unavailable
from taxiway.git import composition
from taxiway.git.composition import compose
from taxiway.git.export import export_snapshot
from taxiway.git.files import Files
from taxiway.git.mirror import Mirror
from taxiway.git.snapshot import use_snapshot
from taxiway.git.submodules import address, declared
from taxiway.git.url import RepositoryUrl
from taxiway.storage.cache import Cache
from taxiway.storage.store import Storage

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("base", "url", "meant"),
    [
        ("https://h.io/org/app.git", "../lib.git", "https://h.io/org/lib.git"),
        ("https://h.io/org/app", "../../other/lib", "https://h.io/other/lib"),
        ("https://h.io/org/app", "./lib", "https://h.io/org/app/lib"),
        ("https://h.io/org/app", "https://x.io/lib", "https://x.io/lib"),
        ("ssh://git@h.io/org/app.git", "../lib.git", "ssh://git@h.io/org/lib.git"),
        ("/srv/git/app", "../lib", "file:///srv/git/lib"),
    ],
)
def test_relative_urls_are_relative_to_the_parents_repository(base, url, meant) -> None:
    assert address(RepositoryUrl.parse(base), url).text == meant


@pytest.mark.parametrize(
    "url",
    ["../../../../evil", "ext::sh -c id", "http://h.io/x", "-u./payload", "https://a:b@h.io/x", "git://h.io/x"],
)  # fmt: skip
def test_urls_that_are_no_repositories_are_refused(url: str) -> None:
    with pytest.raises(Invalid):
        address(RepositoryUrl.parse("https://h.io/org/app"), url)


def test_gitmodules_is_data() -> None:
    text = b"""[submodule "lib"]
\tpath = vendor/lib/
\turl = ../lib
\tupdate = !touch /tmp/ran
[submodule "unused"]
\tpath = vendor/unused
\turl = ../unused
\tupdate = none
[submodule "half"]
\tpath = half
[include]
\tpath = /etc/passwd
"""
    assert declared(text) == {"vendor/lib": "../lib"}
    with pytest.raises(Invalid) as caught:
        declared(b"[submodule")
    assert caught.value.code == "gitmodules-invalid"


def attach(parent, path: str, url: str, commit: str) -> None:
    """A submodule as `git submodule add` leaves it."""
    old = parent.path / ".gitmodules"
    text = old.read_text() if old.exists() else ""
    parent.write({".gitmodules": f'{text}[submodule "{path}"]\n\tpath = {path}\n\turl = {url}\n'})
    parent.git("add", ".gitmodules")
    parent.git("update-index", "--add", "--cacheinfo", f"160000,{commit},{path}")
    parent.git("commit", "-q", "-m", f"add {path}")


def test_submodules_are_sealed_at_the_pinned_commit_nested_and_relative(
    mirror: Mirror, origin, new_origin: Callable, storage: Storage, cache: Cache
) -> None:
    deep, lib = new_origin("deep"), new_origin("lib")
    inner = deep.commit({"deep.py": "d = 1\n"})
    lib.commit({"lib.py": "l = 1\n"})
    attach(lib, "third/deep", "../deep", inner)
    pinned = lib.git("rev-parse", "HEAD")
    lib.commit({"lib.py": "l = 2  # after the pin\n"})
    attach(origin, "vendor/lib", "../lib", pinned)
    made = compose(Files(mirror, mirror.resolve("main")))
    assert made.read("vendor/lib/third/deep/deep.py") == b"d = 1\n"
    tree = export_snapshot(mirror, mirror.resolve("main"), storage)
    assert tree == made.id and len(tree) == 64
    with use_snapshot(tree, storage, cache) as root:
        assert (root / "vendor/lib/lib.py").read_text() == "l = 1\n"
        assert (root / "vendor/lib/third/deep/deep.py").read_text() == "d = 1\n"
        assert (root / "train.py").exists()
    folders = {path.name for path in (cache.root / "mirrors").iterdir()}
    assert len(folders) == 3  # each its own


def test_another_pinned_commit_is_another_snapshot(mirror, origin, new_origin, storage) -> None:
    lib = new_origin("lib")
    first, second = lib.commit({"a": "1"}), lib.commit({"a": "2"})
    attach(origin, "lib", "../lib", first)
    before = export_snapshot(mirror, mirror.resolve("main"), storage)
    origin.git("update-index", "--add", "--cacheinfo", f"160000,{second},lib")
    origin.git("commit", "-q", "-m", "bump")
    assert export_snapshot(mirror, mirror.resolve("main"), storage) != before


def test_what_is_wrong_with_submodules_is_told_at_once_by_path(
    mirror: Mirror, origin, new_origin: Callable, folder: Path
) -> None:
    lib = new_origin("lib")
    lib.commit({"a": "1"})
    attach(origin, "gone", "../lib", "3" * 40)
    attach(origin, "nowhere", "../nothing-here", "3" * 40)
    attach(origin, "outside", str(folder / "elsewhere"), "3" * 40)
    attach(origin, "insecure", "http://h.io/x", "3" * 40)
    made = compose(Files(mirror, mirror.resolve("main")))
    assert {fault.path: fault.error.code for fault in made.faults} == {
        "gone": "commit-not-found",
        "nowhere": "repository-not-found",
        "outside": "local-repository-refused",
        "insecure": "repository-scheme",
    }
    assert all(fault.path in fault.error.message for fault in made.faults)
    with pytest.raises((Invalid, NotFound, Denied)):
        made.require_sound()


def test_a_submodule_that_cannot_be_reached_now_may_be_reached_later(mirror, origin) -> None:
    attach(origin, "later", "https://localhost:1/x", "3" * 40)
    with pytest.raises(Unavailable) as caught:
        compose(Files(mirror, mirror.resolve("main")))
    assert "later" in caught.value.message


def test_submodules_of_submodules_without_end_are_refused(
    mirror, origin, new_origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(composition, "DEPTH", 2)
    last = new_origin("s0").commit({"a": "1"})
    for number in range(1, 5):
        chained = new_origin(f"s{number}")
        attach(chained, "s", f"../s{number - 1}", last)
        last = chained.git("rev-parse", "HEAD")
    attach(origin, "s", "../s4", last)
    made = compose(Files(mirror, mirror.resolve("main")))
    assert [fault.error.code for fault in made.faults] == ["submodules-too-many"]


def test_no_program_of_gitmodules_runs(mirror, origin, new_origin, folder, storage) -> None:
    lib = new_origin("lib")
    pinned = lib.commit({"a": "1"})
    attach(origin, "lib", "../lib", pinned)
    text = (origin.path / ".gitmodules").read_text() + f"\tupdate = !touch {folder}/ran\n"
    origin.write({".gitmodules": text})
    origin.git("commit", "-q", "-m", "hostile", ".gitmodules")
    with pytest.raises(Invalid) as caught:
        export_snapshot(mirror, mirror.resolve("main"), storage)
    assert caught.value.code == "repository-malformed"  # git itself knows this one
    assert not (folder / "ran").exists()
