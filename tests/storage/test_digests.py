from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from taxiway.storage import digests


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """More than a piece, and no whole number of them."""
    monkeypatch.setattr(digests, "LARGE", 4000)
    monkeypatch.setattr(digests, "PIECE", 1500)
    path = tmp_path / "large"
    path.write_bytes(os.urandom(10_000))
    return path


def test_a_small_file_is_named_by_its_sha256(tmp_path: Path) -> None:
    path = tmp_path / "small"
    path.write_bytes(b"small")
    assert digests.name_of(path) == hashlib.sha256(b"small").hexdigest()


def test_a_large_file_is_named_by_its_pieces_and_known_by_its_sha256_too(large: Path) -> None:
    data = large.read_bytes()
    pieces = b"".join(
        hashlib.sha256(data[begin : begin + 1500]).digest() for begin in range(0, 10_000, 1500)
    )
    head = b"taxiway-pieces\n" + (10_000).to_bytes(8, "little")
    assert digests.name_of(large) == hashlib.sha256(head + pieces).hexdigest()
    assert digests.is_named(large, digests.name_of(large))
    assert digests.is_named(large, hashlib.sha256(data).hexdigest())
    large.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert not digests.is_named(large, hashlib.sha256(data).hexdigest())


def test_what_was_looked_at_is_read_again_when_it_has_changed_or_time_has_passed(
    large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = digests.name_of(large)
    reads: list[Path] = []

    def is_named(path: Path, digest: str) -> bool:
        reads.append(path)
        return digests.name_of(path) == digest

    monkeypatch.setattr(digests, "is_named", is_named)
    assert digests.is_still_named(large, name)
    assert digests.is_still_named(large, name)
    assert len(reads) == 1
    assert not digests.is_still_named(large, "0" * 64)
    os.utime(large, ns=(0, 0))
    assert digests.is_still_named(large, name)
    assert len(reads) == 3
    monkeypatch.setattr(digests, "FRESH", 0)
    assert digests.is_still_named(large, name)
    assert len(reads) == 4
    with large.open("r+b") as file:
        file.write(b"other")
    assert not digests.is_still_named(large, name)
