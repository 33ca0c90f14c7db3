from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from taxiway.errors import Invalid
from taxiway.storage import marks
from taxiway.storage.cache import DAMAGED, Cache, make_read_only, remove_tree
from taxiway.storage.eviction import Bounds, bounds_of, entries, parse_size, prune, tidy

DAY = 86_400


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    cache = Cache(tmp_path / "cache")
    for number in range(4):
        make(cache, "snapshots", f"s{number}", days=number)
    yield cache
    remove_tree(cache.root)


def make(cache: Cache, kind: str, key: str, *, days: float, size: int = 1000) -> None:
    """An entry that was used so many days ago."""

    def build(target: Path) -> None:
        target.mkdir()
        (target / "file").write_bytes(b"x" * size)
        make_read_only(target)

    with cache.use_marked(kind, key, build):
        pass
    moment = time.time() - days * DAY
    os.utime(cache.root / ".locks" / f"{kind}.{key}", (moment, moment))


def keys(cache: Cache) -> set[str]:
    return {entry.key for entry in entries(cache)}


def test_what_was_not_used_for_long_goes(cache: Cache) -> None:
    pruned = prune(cache, Bounds(max_days=2))
    assert [entry.key for entry in pruned.entries] == ["s3", "s2"]
    assert pruned.bytes == 2000
    assert keys(cache) == {"s0", "s1"}
    assert marks.read(cache.root, "snapshots", "s3") is None
    assert list((cache.root / ".building").iterdir()) == []


def test_what_is_too_much_goes_and_what_was_used_last_stays(cache: Cache) -> None:
    with cache.use("snapshots", "s3", lambda target: None):
        pass
    prune(cache, Bounds(max_bytes=2500))
    assert keys(cache) == {"s0", "s3"}


def test_nothing_in_use_is_taken(cache: Cache) -> None:
    with cache.use("snapshots", "s3", lambda target: None) as path:
        old = time.time() - 99 * DAY
        os.utime(cache.root / ".locks" / "snapshots.s3", (old, old))
        pruned = prune(cache, Bounds(max_bytes=1))
        assert path.exists() and "s3" not in {entry.key for entry in pruned.entries}
        assert [entry.in_use for entry in entries(cache)] == [True]


def test_a_dry_run_takes_nothing(cache: Cache) -> None:
    assert len(prune(cache, Bounds(max_bytes=1), dry_run=True).entries) == 4
    assert len(keys(cache)) == 4


def test_without_bounds_all_stays(cache: Cache) -> None:
    assert prune(cache, Bounds()).entries == []


def test_what_was_set_aside_is_kept_for_a_week(cache: Cache) -> None:
    assert cache.set_aside("snapshots", "s0", lambda: "broken")
    assert prune(cache, Bounds()).damaged == 0
    [aside] = (cache.root / DAMAGED).iterdir()
    aside.rename(aside.with_name(f"snapshots.s0.{int((time.time() - 8 * DAY) * 1e9)}"))
    assert prune(cache, Bounds()).damaged == 1
    assert list((cache.root / DAMAGED).iterdir()) == []


def test_what_a_killed_builder_left_goes_after_a_day(cache: Cache) -> None:
    moment = time.time() - 2 * DAY
    for name, when in (("left", moment), ("new", time.time())):
        (cache.root / ".building" / name / "entry").mkdir(parents=True)
        (cache.root / ".building" / name / "entry").chmod(0o555)
        os.utime(cache.root / ".building" / name, (when, when))
    prune(cache, Bounds(), dry_run=True)
    assert (cache.root / ".building" / "left").exists()
    prune(cache, Bounds())
    assert [path.name for path in (cache.root / ".building").iterdir()] == ["new"]


def test_lists_of_what_is_gone_go_with_time(cache: Cache) -> None:
    places = [
        "listings/s0.json",
        "listings/x.json",
        "exports/x.json",
        "functions/2/b",
        "functions/2/new",
    ]
    for name in places:
        (cache.root / name).parent.mkdir(parents=True, exist_ok=True)
        (cache.root / name).write_text("{}")
        if not name.endswith("new"):
            os.utime(cache.root / name, (0, 0))
    prune(cache, Bounds(max_days=2), dry_run=True)
    assert all((cache.root / name).exists() for name in places)
    prune(cache, Bounds(max_days=2))
    left = [name for name in places if (cache.root / name).exists()]
    assert left == ["listings/s0.json", "functions/2/new"]


def test_tidying_happens_from_time_to_time(cache: Cache) -> None:
    tidy(cache, Bounds(max_days=2))
    assert keys(cache) == {"s0", "s1"}
    make(cache, "snapshots", "s9", days=9)
    tidy(cache, Bounds(max_days=2))
    assert "s9" in keys(cache)


@pytest.mark.parametrize(
    ("text", "size"), [("50GB", 50 * 10**9), ("1.5 mb", 1_500_000), ("0", None), ("12", 12)]
)
def test_sizes(text: str, size: int | None) -> None:
    assert parse_size(text) == size


def test_a_size_that_is_none_is_told() -> None:
    with pytest.raises(Invalid, match="'much' is no size"):
        bounds_of("much", "")
    assert bounds_of("", "") == Bounds(50 * 10**9, 30)
