"""What was read of folders before, for each store by itself and within bounds."""

from __future__ import annotations

from taxiway.git.known_trees import KnownTrees, Row
from taxiway.git.trees import TreeEntry


def rows(count: int) -> list[Row]:
    return [TreeEntry(str(number), "100644", "0" * 40, 1) for number in range(count)]


def test_a_folder_is_read_once_for_each_store() -> None:
    known, read = KnownTrees(), list[str]()

    def reading(store: str) -> list[Row]:
        return known.rows(store, "tree", b"", lambda before: read.append(store) or rows(2))

    assert reading("a") == reading("a") == reading("b") == rows(2)
    assert read == ["a", "b"]


def test_what_two_folders_have_in_common_is_each_ones_own() -> None:
    known = KnownTrees()
    places = [
        known.rows("a", "tree", place, lambda before: rows(1)) for place in (b"x/", b"y/", b"x/")
    ]
    assert places[0] is places[2] is not places[1]


def test_what_was_not_read_for_longest_goes() -> None:
    known, read = KnownTrees(most=10), list[str]()

    def reading(tree: str, count: int) -> None:
        known.rows("store", tree, b"", lambda before: read.append(tree) or rows(count))

    for tree in ("one", "two", "one", "three", "one", "two"):
        reading(tree, 4)
    assert read == ["one", "two", "three", "two"]
    reading("huge", 11)
    reading("huge", 11)
    assert read[-2:] == ["huge", "huge"]


def test_who_reads_a_folder_anew_gets_what_was_there_before() -> None:
    known, got = KnownTrees(most=3), list[list[Row]]()

    def reading(store: str, tree: str, count: int) -> list[Row]:
        return known.rows(store, tree, b"x/", lambda before: got.append(before) or rows(count))

    first = reading("a", "old", 1)
    assert reading("b", "other", 1) and reading("a", "new", 2)
    assert got == [[], [], first]
    reading("b", "huge", 4)  # all others go
    reading("a", "newest", 1)
    assert got[-1] == []
