"""Which packages the tasks of an environment were seen to import: kept beside its mark."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from taxiway.storage import marks
from taxiway.storage.cache import Cache

KIND = "environments"
_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
_MOST = 10_000  # modules of one environment
_LONGEST = 200


def read(cache: Cache, key: str) -> list[str] | None:
    """In the order in which they were first imported; None before the end of the first task."""
    try:
        found = json.loads(marks.modules(cache.root, KIND, key).read_bytes())
        return [name for name in found if isinstance(name, str)]
    except (OSError, ValueError, TypeError):
        return None


def add(cache: Cache, key: str, names: Iterable[object]) -> bool:
    """Whether one was new, or this task the first. What a task says is not trusted: only names get in."""
    said = [name for name in names if isinstance(name, str) and _is_name(name)]
    known = read(cache, key)
    if known is not None and not set(said) - set(known):
        return False
    with cache.lock(KIND, f"{key}.modules"):
        known = read(cache, key)
        together = list(dict.fromkeys([*(known or ()), *said]))[:_MOST]
        if together == known:
            return False
        path = marks.modules(cache.root, KIND, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        marks.replace(path, json.dumps(together).encode("ascii"))
    return True


def _is_name(text: str) -> bool:
    return len(text) <= _LONGEST and _NAME.fullmatch(text) is not None
