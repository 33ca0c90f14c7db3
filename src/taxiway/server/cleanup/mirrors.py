"""Removing mirrors that no workflow and no kept release reads, and nobody has fetched into lately."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Container, Iterator
from contextlib import ExitStack
from pathlib import Path

from taxiway.git.mirror import LOCKS
from taxiway.server.cleanup.sweep import Freed
from taxiway.storage.cache import Cache, remove_tree
from taxiway.storage.eviction import size_of

DAYS = 30  # that a mirror is kept for who reads repositories, and for submodules
_DAY = 86_400.0


def sweep_mirrors(
    cache: Cache, live: Container[str], *, dry_run: bool
) -> Iterator[tuple[str, Freed]]:
    """One mirror after the other; what is being fetched into stays."""
    freed, before = Freed(), time.time() - DAYS * _DAY
    root = cache.root / "mirrors"
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        if folder.name in live or _touched(folder) > before:
            continue
        size = size_of(folder)
        if dry_run or _removed(cache, folder):
            freed.entries += 1
            freed.bytes += size
        else:
            freed.in_use += 1
        yield "mirrors", freed
    yield "mirrors", freed


def _touched(folder: Path) -> float:
    """When something was last fetched into one of its stores."""
    places = (*folder.iterdir(), *folder.glob("*/*"), *folder.glob("*/objects/pack"))
    return max((place.lstat().st_mtime for place in places), default=0.0)


def _removed(cache: Cache, folder: Path) -> bool:
    building = cache.root / ".building"
    building.mkdir(parents=True, exist_ok=True)
    away = Path(tempfile.mkdtemp(prefix="mirror.", dir=building))
    try:
        with ExitStack() as stack:
            locks = [cache.try_lock("mirrors", folder.name + suffix) for suffix in LOCKS]
            if not all([stack.enter_context(lock) for lock in locks]):
                return False
            folder.rename(away / "mirror")
        return True
    finally:
        remove_tree(away)
