"""What the cache of a host holds, and how it is kept small: by age, then by size, never in use.

Who uses an entry holds its shared lock, so what cannot be locked at once is left alone.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from taxiway.errors import Invalid
from taxiway.storage import marks
from taxiway.storage.cache import DAMAGED, Cache, remove_tree

EVICTABLE = ("snapshots", "environments", "values", "releases", "lfs")
SHOWN = (*EVICTABLE, "mirrors", "uv", "pythons")
# What only saves time: lists of what snapshots hold, and what was found in files.
_HELPS = {"listings": True, "exports": True, "functions": False}
_DAY = 86_400.0
_DAMAGED_DAYS = 7
_BUILDING_DAYS = 1  # nothing is built for that long
_TIDY_SECONDS = 600.0
_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?B)?\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Bounds:
    """What may be kept: bytes in all (None: any), and days without use (0: any)."""

    max_bytes: int | None = None
    max_days: int = 0


@dataclass(frozen=True)
class Entry:
    kind: str
    key: str
    path: Path
    bytes: int
    used_at: float
    in_use: bool = False


@dataclass
class Pruned:
    """What was removed, or would be."""

    entries: list[Entry] = field(default_factory=list)
    damaged: int = 0

    @property
    def bytes(self) -> int:
        return sum(entry.bytes for entry in self.entries)


def parse_size(text: str) -> int | None:
    """Bytes of `50GB`; None for 0, which is no limit. ValueError."""
    found = _SIZE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no size: write it like 50GB, or 0 for no limit")
    return int(float(found[1]) * _UNITS[(found[2] or "").upper()]) or None


def bounds_of(size: str, age: str) -> Bounds:
    """The bounds of two settings as text. `Invalid` (`settings-refused`)."""
    try:
        return Bounds(parse_size(size or "50GB"), int(age or "30"))
    except ValueError as error:
        raise Invalid(
            "settings-refused",
            f"The settings of the cache are refused: {error}",
            hint="TAXIWAY_CACHE_MAX_SIZE is like 50GB, TAXIWAY_CACHE_MAX_AGE a number of days.",
        ) from None


def entries(cache: Cache, kinds: Iterable[str] = EVICTABLE) -> list[Entry]:
    """All entries of these kinds, those first that were not used for longest."""
    found = []
    for kind in kinds:
        folder = cache.root / kind
        for path in folder.iterdir() if folder.is_dir() else ():
            with cache.try_lock(kind, path.name) as free:
                found.append(_entry(cache, kind, path, in_use=not free))
    return sorted(found, key=lambda entry: entry.used_at)


def _entry(cache: Cache, kind: str, path: Path, *, in_use: bool) -> Entry:
    mark = marks.read(cache.root, kind, path.name)
    lock = cache.root / ".locks" / f"{kind}.{path.name}"
    used_at = lock.stat().st_mtime if lock.exists() else path.stat().st_mtime
    size = mark.bytes if mark else size_of(path)
    return Entry(kind, path.name, path, size, used_at, in_use)


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files below a folder."""
    if not path.is_dir():
        return path.lstat().st_size if path.exists() else 0
    total = 0
    for folder, _, names in os.walk(path):
        total += sum(os.lstat(f"{folder}/{name}").st_size for name in names)
    return total


def prune(cache: Cache, bounds: Bounds, *, dry_run: bool = False) -> Pruned:
    """Remove what is too old, then what was not used for longest until the rest fits."""
    pruned = Pruned()
    now, left = time.time(), entries(cache)
    total = sum(entry.bytes for entry in left)
    for entry in left:
        is_old = bounds.max_days > 0 and entry.used_at < now - bounds.max_days * _DAY
        is_much = bounds.max_bytes is not None and total > bounds.max_bytes
        if not (is_old or is_much) or entry.in_use:
            continue
        if dry_run or evict(cache, entry):
            pruned.entries.append(entry)
            total -= entry.bytes
    pruned.damaged = _drop_damaged(cache, now - _DAMAGED_DAYS * _DAY, dry_run=dry_run)
    if bounds.max_days > 0 and not dry_run:
        _drop_helps(cache, now - bounds.max_days * _DAY)
    if not dry_run:
        _drop_abandoned(cache, now - _BUILDING_DAYS * _DAY)
    return pruned


def tidy(cache: Cache, bounds: Bounds) -> None:
    """`prune` from time to time: what was just made may be too much."""
    with cache.try_lock("cache", "tidy") as free:
        stamp = cache.root / ".tidied"
        fresh = stamp.exists() and stamp.stat().st_mtime > time.time() - _TIDY_SECONDS
        if free and not fresh:
            stamp.touch()
            prune(cache, bounds)


def evict(cache: Cache, entry: Entry) -> bool:
    """Remove an entry; False where it is in use, or gone."""
    building = cache.root / ".building"
    building.mkdir(parents=True, exist_ok=True)
    away = Path(tempfile.mkdtemp(prefix="evicted.", dir=building))
    try:
        with cache.try_lock(entry.kind, entry.key) as free:
            if not free or not entry.path.exists():
                return False
            if entry.path.is_dir():
                entry.path.chmod(0o755)
            entry.path.rename(away / "entry")
            marks.remove(cache.root, entry.kind, entry.key)
        return True
    finally:
        remove_tree(away)


def _drop_helps(cache: Cache, before: float) -> None:
    """What is old, and not about a snapshot that is here. Who reads it can do without."""
    for kind, is_of_snapshot in _HELPS.items():
        for path in (cache.root / kind).rglob("*"):
            if is_of_snapshot and cache.path("snapshots", path.stem).exists():
                continue
            with suppress(FileNotFoundError):
                if path.is_file() and path.stat().st_mtime < before:
                    path.unlink()


def _drop_damaged(cache: Cache, before: float, *, dry_run: bool) -> int:
    folder = cache.root / DAMAGED
    count = 0
    for path in folder.iterdir() if folder.is_dir() else ():
        moment = path.name.rpartition(".")[2]
        if moment.isdigit() and int(moment) / 1e9 < before:
            count += 1
            if not dry_run:
                remove_tree(path) if path.is_dir() else path.unlink()
    return count


def _drop_abandoned(cache: Cache, before: float) -> None:
    """What was left by those who were killed while they built."""
    folder = cache.root / ".building"
    for path in folder.glob("[!.]*") if folder.is_dir() else ():
        if path.is_dir() and path.stat().st_mtime < before:
            remove_tree(path)
