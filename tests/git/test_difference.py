"""Two commits side by side, from the objects alone."""

from __future__ import annotations

from pathlib import Path

import pygit2
import pytest
from pygit2.enums import FileMode

from taxiway.git import difference as module
from taxiway.git.difference import Difference, difference

Files = dict[str, bytes | tuple[FileMode, bytes]]


@pytest.fixture
def store(tmp_path: Path) -> pygit2.Repository:
    return pygit2.init_repository(str(tmp_path / "store.git"), bare=True)


def commit(store: pygit2.Repository, files: Files) -> str:
    """A commit of these files; a value with a mode is an entry of that kind."""
    index = pygit2.Index()
    for path, given in files.items():
        mode, data = given if isinstance(given, tuple) else (FileMode.BLOB, given)
        oid = pygit2.Oid(raw=data) if mode == FileMode.COMMIT else store.create_blob(data)
        index.add(pygit2.IndexEntry(path, oid, mode))
    person = pygit2.Signature("A", "a@example.org", 1_700_000_000, 0)
    tree = index.write_tree(store)
    return str(store.create_commit(None, person, person, "m", tree, []))


def told(found: Difference) -> dict[str, tuple[str, str | None, str | None]]:
    return {file.path: (file.status, file.old_path, file.omitted) for file in found.files}


def test_what_became_of_each_file_is_told(store: pygit2.Repository) -> None:
    base = commit(
        store,
        {
            "same": b"s",
            "changed": b"1\n2\n",
            "gone": b"g\n",
            "old": b"moved\n",
            "link": b"target",
            "a/file": b"f\n",
            "sub": (FileMode.COMMIT, b"\1" * 20),
            "mode": b"m\n",
        },
    )
    head = commit(
        store,
        {
            "same": b"s",
            "changed": b"1\n3\n",
            "new": b"moved\n",
            "link": (FileMode.LINK, b"target"),
            "a": b"now a file\n",
            "sub": (FileMode.COMMIT, b"\2" * 20),
            "mode": (FileMode.BLOB_EXECUTABLE, b"m\n"),
        },
    )
    found = difference(store, base, head)
    assert told(found) == {
        "a": ("added", None, None),
        "a/file": ("deleted", None, None),
        "changed": ("modified", None, None),
        "gone": ("deleted", None, None),
        "link": ("type-changed", None, None),
        "mode": ("modified", None, None),
        "new": ("renamed", "old", None),
        "sub": ("modified", None, "submodule"),
    }
    assert [file.path for file in found.files] == sorted(told(found))
    [changed] = [file for file in found.files if file.path == "changed"]
    assert (changed.additions, changed.deletions) == (1, 1)
    assert changed.text == (
        "diff --git a/changed b/changed\n--- a/changed\n+++ b/changed\n@@ -1,2 +1,2 @@\n 1\n-2\n+3\n"
    )
    assert not found.is_truncated
    assert difference(store, head, head) == Difference((), False)


def test_only_what_is_below_a_path_is_compared(store: pygit2.Repository) -> None:
    base = commit(store, {"src/a": b"1", "src/b/c": b"1", "srcs": b"1"})
    head = commit(store, {"src/a": b"2", "src/b/c": b"2", "srcs": b"2"})
    assert list(told(difference(store, base, head, "src"))) == ["src/a", "src/b/c"]
    assert list(told(difference(store, base, head, "src/b"))) == ["src/b/c"]
    assert list(told(difference(store, base, head, "srcs"))) == ["srcs"]
    assert told(difference(store, base, head, "none")) == {}


def test_binary_and_large_contents_are_named_and_not_shown(
    store: pygit2.Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_FILE_BYTES", 100)
    base = commit(store, {"binary": b"\0", "large": b"x", "latin": "ä\n".encode("latin-1")})
    head = commit(store, {"binary": b"\1\0", "large": b"x" * 101, "latin": "ö\n".encode("latin-1")})
    found = difference(store, base, head)
    assert {path: omitted for path, (_, _, omitted) in told(found).items()} == {
        "binary": "binary",
        "large": "too-large",
        "latin": None,
    }
    assert found.is_truncated
    assert "-ä\n+ö\n" in found.text


def test_more_than_the_limits_is_cut_and_said(
    store: pygit2.Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = commit(store, {})
    head = commit(store, {f"{n}": b"%d\n" % n for n in range(10)})
    monkeypatch.setattr(module, "FILES", 4)
    cut = difference(store, base, head)
    assert (len(cut.files), cut.is_truncated) == (4, True)
    monkeypatch.setattr(module, "FILES", 100)
    monkeypatch.setattr(module, "_STEPS", 3)
    assert (len(difference(store, base, head).files), cut.is_truncated) == (3, True)
    monkeypatch.setattr(module, "_STEPS", 100)
    monkeypatch.setattr(module, "_TEXT_BYTES", 200)
    short = difference(store, base, head)
    assert len(short.files) == 10
    assert short.is_truncated
    assert len(short.text) < 400
