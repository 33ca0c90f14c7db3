"""Every entry of the cache against its mark and its manifest, by reading all of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from taxiway.storage import digests, marks
from taxiway.storage.cache import Cache

MARKED = ("snapshots", "environments")
HASHED = ("releases", "values")  # files that are named by their digest


@dataclass(frozen=True)
class Damage:
    kind: str
    key: str
    differences: list[str]
    set_aside: bool  # False: somebody uses it


@dataclass
class Report:
    """`left` entries were not looked at, for want of time."""

    looked_at: int = 0
    left: int = 0
    damaged: list[Damage] = field(default_factory=list)


def verify_all(cache: Cache, *, seconds: float = float("inf"), set_aside: bool = True) -> Report:
    """Look at every entry, as long as there is time; what is damaged is set aside, never mended."""
    report, until = Report(), time.monotonic() + seconds
    for kind in (*MARKED, *HASHED):
        folder = cache.root / kind
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if time.monotonic() > until:
                report.left += 1
                continue
            report.looked_at += 1
            differences = differences_of(cache, kind, path.name)
            if differences:
                aside = set_aside and cache.set_aside(
                    kind,
                    path.name,
                    lambda found=differences: found[0],  # type: ignore[misc]
                )
                report.damaged.append(Damage(kind, path.name, differences, aside))
    return report


def differences_of(cache: Cache, kind: str, key: str) -> list[str]:
    """What differs from what was written; nothing where it has gone meanwhile."""
    path = cache.path(kind, key)
    with cache.lock(kind, key, shared=True):
        if kind in MARKED and path.exists():
            return marks.verify(cache.root, kind, key)
        if not path.is_file():
            return []
        whole = digests.is_named(path, key.partition(".")[0])
    return [] if whole else ["its bytes differ from its name"]
