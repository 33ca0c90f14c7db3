from __future__ import annotations

from pathlib import Path

import pytest

from taxiway.errors import NotFound
from taxiway.storage.bundles import (
    Entry,
    bundle_key,
    current_generation,
    read_bundle,
    read_shard,
    shard_of,
    write_generation,
)
from taxiway.storage.store import Storage

ONE, TWO = Entry(dag="d1", release="r1"), Entry(dag="d2", release="r2")


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(f"file://{tmp_path}")


def test_an_empty_storage_is_at_generation_nought(storage: Storage) -> None:
    assert current_generation(storage) == 0
    assert read_bundle(storage, 0) == {}


def test_a_generation_keeps_the_shards_that_it_does_not_change(storage: Storage) -> None:
    assert write_generation(storage, 1, {"aa": {"x": ONE}})
    assert write_generation(storage, 2, {"bb": {"y": TWO}})
    shards = read_bundle(storage, 2)
    assert read_shard(storage, shards["aa"]) == {"x": ONE}
    assert read_shard(storage, shards["bb"]) == {"y": TWO}
    assert list(read_bundle(storage, 1)) == ["aa"]
    assert write_generation(storage, 3, {"aa": {}})
    assert list(read_bundle(storage, 3)) == ["bb"]


def test_a_generation_is_given_out_once(storage: Storage) -> None:
    write_generation(storage, 1, {"aa": {"x": ONE}})
    assert not write_generation(storage, 1, {"aa": {"x": TWO}})
    assert read_shard(storage, read_bundle(storage, 1)["aa"]) == {"x": ONE}


def test_the_current_generation_is_the_highest_by_number(storage: Storage) -> None:
    for generation in range(1, 12):
        write_generation(storage, generation, {"aa": {"x": ONE}})
    assert current_generation(storage) == current_generation(storage, at_least=3) == 11


def test_a_generation_that_was_lost_is_named(storage: Storage) -> None:
    with pytest.raises(NotFound) as caught:
        write_generation(storage, 7, {})
    assert caught.value.code == "generation-not-found" and "6" in caught.value.message


def test_names_sort_as_numbers_and_shards_are_even() -> None:
    assert bundle_key(9) < bundle_key(10) < bundle_key(100_000)
    assert len({shard_of(f"workflow_{i}") for i in range(5000)}) == 256
