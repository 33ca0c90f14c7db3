"""What folders hold that were read before: most are the same in the next commit.

Kept for each store by itself, so that nothing is shown of one repository to who reads another.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

Row = tuple[int, bytes, str, int | None]  # mode, name, id, and of a file its size
_MOST = 100_000  # rows


class KnownTrees:
    """One per process, for all its threads."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._guard = threading.Lock()
        self._found: OrderedDict[tuple[str, str], list[Row]] = OrderedDict()
        self._rows = 0

    def rows(self, store: str, tree: str, read: Callable[[], list[Row]]) -> list[Row]:
        key = store, tree
        with self._guard:
            known = self._found.get(key)
            if known is not None:
                self._found.move_to_end(key)
                return known
        rows = read()
        with self._guard:
            if key not in self._found:
                self._found[key] = rows
                self._rows += len(rows)
            while self._rows > self._most:
                _, gone = self._found.popitem(last=False)
                self._rows -= len(gone)
        return rows
