"""What tasks were seen to import: kept once, and only as names."""

from __future__ import annotations

from pathlib import Path

from taxiway.runner.warm import seen
from taxiway.storage import marks
from taxiway.storage.cache import Cache


def test_names_are_kept_in_the_order_in_which_they_came_and_once(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    assert seen.read(cache, "key") is None
    assert seen.add(cache, "key", [])  # the first task has ended
    assert seen.read(cache, "key") == []
    assert seen.add(cache, "key", ["numpy", "numpy.linalg"])
    assert seen.add(cache, "key", ["pandas", "numpy"])
    assert not seen.add(cache, "key", ["numpy"])
    assert seen.read(cache, "key") == ["numpy", "numpy.linalg", "pandas"]


def test_what_is_no_name_of_a_module_does_not_get_in(tmp_path: Path) -> None:
    said = ["a", "a b", "../a", "a.", "", 7, None, "é", "x" * 201, "a\nb", "a.b"]
    seen.add(Cache(tmp_path), "key", said)
    assert seen.read(Cache(tmp_path), "key") == ["a", "a.b"]


def test_a_damaged_file_is_as_none_and_one_goes_with_its_environment(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    seen.add(cache, "key", ["a"])
    path = marks.modules(tmp_path, seen.KIND, "key")
    path.write_text("{")
    assert seen.read(cache, "key") is None
    assert seen.add(cache, "key", ["a"])
    marks.remove(tmp_path, seen.KIND, "key")
    assert not path.exists()
