"""Which packages two locks have otherwise: added, removed, up, down."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class PackageChange:
    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class PackageChanges:
    """`changed` are those without an order: from a URL, or a commit."""

    added: tuple[PackageChange, ...] = ()
    removed: tuple[PackageChange, ...] = ()
    up: tuple[PackageChange, ...] = ()
    down: tuple[PackageChange, ...] = ()
    changed: tuple[PackageChange, ...] = ()


def package_changes(before: Mapping[str, str], after: Mapping[str, str]) -> PackageChanges:
    """From the versions of two locks, by name."""
    found: dict[str, list[PackageChange]] = {}
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old != new:
            found.setdefault(_direction(old, new), []).append(PackageChange(name, old, new))
    return PackageChanges(**{kind: tuple(changes) for kind, changes in found.items()})


def _direction(old: str | None, new: str | None) -> str:
    if old is None or new is None:
        return "added" if old is None else "removed"
    keys = [_version(text) for text in (old, new)]
    if keys[0] is None or keys[1] is None or keys[0] == keys[1]:
        return "changed"
    return "up" if keys[0] < keys[1] else "down"


_VERSION = re.compile(
    r"(?:(\d+)!)?(\d+(?:\.\d+)*)(?:(a|b|rc)(\d+))?(?:\.post(\d+))?(?:\.dev(\d+))?(?:\+(.+))?"
)
_PRE = {"a": 0, "b": 1, "rc": 2}


def _version(text: str) -> tuple[Any, ...] | None:
    """The order of versions as a lock writes them; None for what is none."""
    match = _VERSION.fullmatch(text)
    if match is None:
        return None
    epoch, release, pre, number, post, dev, local = match.groups()
    parts = [int(part) for part in release.split(".")]
    while len(parts) > 1 and parts[-1] == 0:
        parts.pop()
    stage = (_PRE[pre], int(number)) if pre else (-1, 0) if dev and not post else (3, 0)
    patch = int(post) if post else -1
    unreleased = int(dev) if dev else 1 << 60
    return int(epoch or 0), tuple(parts), stage, patch, unreleased, local or ""
