from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxiway.errors import Invalid
from taxiway.git.policy import TreeLimits
from taxiway.git.trees import (
    TreeEntry,
    check_limits,
    check_links,
    check_sizes,
    oversizes,
    tree_id,
)


def entry(path: str, size: int = 1) -> TreeEntry:
    return TreeEntry(path, "100644", "0" * 40, size)


@pytest.mark.parametrize(
    ("limits", "entries", "code", "named"),
    [
        (TreeLimits(entries=2), ["a", "b", "c"], "tree-too-many-files", "2"),
        (TreeLimits(), ["/".join(["a"] * 200)], "path-too-long", "1,024"),
        (TreeLimits(), ["a" * 1025], "path-too-long", "1,024"),
    ],
)
def test_a_limit_stops_the_reading_and_is_named(
    limits: TreeLimits, entries: list[str], code: str, named: str
) -> None:
    read: list[str] = []

    def reading():
        for path in [*entries, "never-read"]:
            read.append(path)
            yield entry(path)

    with pytest.raises(Invalid) as caught:
        check_limits(reading(), limits)
    assert caught.value.code == code
    assert named in caught.value.message
    assert "never-read" not in read


def test_every_size_over_a_limit_is_told_and_lfs_is_counted_apart() -> None:
    limits = TreeLimits(file_bytes=5, total_bytes=20, lfs_bytes=100)
    entries = [entry("a", 5), entry("b", 6), entry("c", 10)]
    with pytest.raises(Invalid) as caught:
        check_sizes(entries, limits)
    assert [problem.code for problem in caught.value.problems] == [
        *("file-too-large", "file-too-large", "tree-too-large"),
    ]
    assert "'b' has 6 bytes" in caught.value.message
    check_sizes(entries[:1], limits)
    assert oversizes(entries[:1], limits, {"model.bin": 100}) == []
    [(problem, path)] = oversizes(entries[:1], limits, {"model.bin": 101})
    assert (problem.code, path) == ("lfs-too-large", None)


@pytest.mark.parametrize(
    "links",
    [
        {"a": "b"},
        {"d/a": "../b"},
        {"d/a": "./../d//b/."},
        {"a": "missing/deep"},
        {"a": "a"},
        {"a": "b", "b": "a"},
        {"d/e/f": "../..", "g": "d/e/f/x"},
    ],
)
def test_links_that_stay_inside_are_kept(links: dict[str, str]) -> None:
    check_links(links)


@pytest.mark.parametrize(
    "links",
    [
        {"a": "/etc/passwd"},
        {"a": ".."},
        {"d/a": "../../x"},
        {"d/a": "../d/../../x"},
        {"a": ""},
        {"a": "x\0y"},
        # Each looks innocent as text: `d/up` leads to the root, and `..` from there leaves.
        {"d/e/up": "../..", "d/e/a": "up/../x"},
        {"a": "b/x", "b": "/etc"},
    ],
)
def test_links_that_leave_are_refused_by_name(links: dict[str, str]) -> None:
    with pytest.raises(Invalid) as caught:
        check_links(links)
    assert caught.value.code == "link-leaves-tree"
    assert any(name in caught.value.message for name in links)


_PARTS = st.lists(st.sampled_from(["a", "b", "c", "..", "."]), min_size=1, max_size=5)
_PLACES = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map("/".join)


@settings(max_examples=60, deadline=None)
@given(links=st.dictionaries(_PLACES, _PARTS.map("/".join), max_size=4))
def test_no_kept_link_leaves_for_the_kernel_either(
    links: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    links = {
        place: target
        for place, target in links.items()
        if not any(place.startswith(other + "/") for other in links)
    }
    try:
        check_links(links)
    except Invalid:
        return
    root = Path(os.path.realpath(tmp_path_factory.mktemp("tree"))) / "root"
    root.mkdir()
    for place, target in links.items():
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        (root / place).symlink_to(target)
    for place in links:
        try:
            real = (root / place).resolve(strict=True)
        except (OSError, RuntimeError):
            continue  # it leads nowhere
        assert real.is_relative_to(root)


def test_a_tree_that_names_one_path_twice_is_none() -> None:
    oid = "0" * 40
    for entries in (
        [("a", "120000", oid), ("a/b", "100644", oid)],
        [("a/b", "100644", oid), ("a", "120000", oid)],
        [("a", "100644", oid), ("a", "100644", oid)],
    ):
        with pytest.raises(ValueError, match="'a"):
            tree_id(entries)
