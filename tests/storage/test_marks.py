"""What a damaged entry of the cache looks like before it is used, and on demand."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from taxiway.errors import Unavailable
from taxiway.storage import marks
from taxiway.storage.cache import DAMAGED, Cache, make_read_only, remove_tree


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    yield Cache(tmp_path / "cache")
    remove_tree(tmp_path / "cache")


def build(target: Path) -> None:
    (target / "src").mkdir(parents=True)
    (target / "train.py").write_text("x = 1\n")
    (target / "src/data.py").write_text("y = 2\n")
    (target / "link").symlink_to("train.py")
    make_read_only(target)


def write(path: Path, text: str) -> None:
    path.parent.chmod(0o755)
    path.unlink(missing_ok=True)
    path.write_text(text)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda entry: write(entry / "train.py", "x = 2\n"), "train.py was changed"),
        (lambda entry: write(entry / "src/data.py", "y = 22\n"), "was changed"),
        (lambda entry: write(entry / "numpy.py", "evil"), "other entries"),
        (lambda entry: write(entry / "src/new.py", "evil"), "src was changed"),
        (lambda entry: remove_tree(entry / "src"), "other entries"),
    ],
)
def test_a_damaged_entry_is_set_aside_and_made_anew(cache: Cache, spoil, said: str) -> None:
    with cache.use_marked("snapshots", "t", build) as entry:
        assert marks.damage(cache.root, "snapshots", "t") is None
    entry.chmod(0o755)
    spoil(entry)
    entry.chmod(0o555)
    assert said in (marks.damage(cache.root, "snapshots", "t") or "")
    with cache.use_marked("snapshots", "t", build) as entry:
        assert (entry / "train.py").read_text() == "x = 1\n"
        assert (entry / "src/data.py").read_text() == "y = 2\n"
        assert not (entry / "numpy.py").exists()
    [aside] = (cache.root / DAMAGED).iterdir()
    assert aside.name.startswith("snapshots.t.")  # to be looked at, as it was


def test_an_entry_without_a_mark_was_made_by_somebody_else(cache: Cache) -> None:
    build(cache.path("snapshots", "t"))
    with cache.use_marked("snapshots", "t", build):
        pass
    assert len(list((cache.root / DAMAGED).iterdir())) == 1


def test_a_damaged_entry_that_is_in_use_is_waited_for(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taxiway.storage.cache._OTHERS_LOOK", 0.0)
    with cache.use_marked("snapshots", "t", build) as entry:
        entry.chmod(0o755)
        write(entry / "train.py", "x = 2\n")
        with pytest.raises(Unavailable) as caught, cache.use_marked("snapshots", "t", build):
            pass
        assert caught.value.code == "cache-entry-damaged"
        assert (entry / "train.py").exists()  # nothing was taken from who uses it
    with cache.use_marked("snapshots", "t", build) as entry:
        assert (entry / "train.py").read_text() == "x = 1\n"


def test_one_that_is_damaged_again_is_told(cache: Cache) -> None:
    with (
        pytest.raises(Unavailable) as caught,
        cache.use_marked("snapshots", "t", build, flaw=lambda path: "its Python is gone"),
    ):
        pass
    assert "its Python is gone" in caught.value.message and "again" in caught.value.message


def test_on_demand_every_byte_is_read(cache: Cache) -> None:
    with cache.use_marked("snapshots", "t", build) as entry:
        before = (entry / "train.py").stat()
        assert marks.verify(cache.root, "snapshots", "t") == []
    entry.chmod(0o755)
    (entry / "train.py").chmod(0o644)
    (entry / "train.py").write_text("x = 3\n")
    (entry / "train.py").chmod(0o444)
    os.utime(entry / "train.py", ns=(before.st_atime_ns, before.st_mtime_ns))
    (entry / "__pycache__").mkdir(exist_ok=True)
    assert marks.damage(cache.root, "snapshots", "t") is None  # too like it for a quick look
    assert marks.verify(cache.root, "snapshots", "t") == ["train.py was changed"]


def test_of_a_large_entry_a_part_is_looked_at(cache: Cache) -> None:
    def large(target: Path) -> None:
        for number in range(20):
            (target / f"p{number}").mkdir(parents=True)
            for inner in range(40):
                (target / f"p{number}" / f"{inner}.py").write_text("")

    with cache.use_marked("environments", "e", large) as entry:
        mark = marks.read(cache.root, "environments", "e")
        assert mark is not None and mark.files == 800
        assert len(mark.looked_at) <= marks.LOOKED_AT
        (entry / "p7" / "3.py").unlink()
        assert marks.damage(cache.root, "environments", "e") == "p7 was changed"
