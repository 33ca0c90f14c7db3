"""What folders hold that were read before: most are the same in the next commit.

Kept for each store by itself, so that nothing is shown of one repository to who reads another.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator

from taxiway.errors import Invalid
from taxiway.git.names import PATH_DEPTH
from taxiway.git.policy import TreeLimits
from taxiway.git.trees import TreeEntry

Row = TreeEntry | tuple[bytes, str]  # a file, or a folder's path with a slash, and its id
_MOST = 100_000  # rows


class KnownTrees:
    """One per process, for all its threads."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._guard = threading.Lock()
        self._found: OrderedDict[tuple[str, str, bytes], list[Row]] = OrderedDict()
        self._latest: dict[tuple[str, bytes], str] = {}  # the tree that was read last there
        self._rows = 0

    def rows(
        self, store: str, tree: str, place: bytes, read: Callable[[list[Row]], list[Row]]
    ) -> list[Row]:
        """What the folder `tree` at `place` holds: the same objects as long as they are known.
        `read` gets what was there before it."""
        key = store, tree, place
        with self._guard:
            known = self._found.get(key)
            if known is not None:
                self._found.move_to_end(key)
                return known
            before = self._found.get((store, self._latest.get((store, place), ""), place), [])
        rows = read(before)
        with self._guard:
            if key not in self._found:
                self._found[key] = rows
                self._rows += len(rows)
                self._latest[store, place] = tree
            while self._rows > self._most:
                self._forget()
        return rows

    def _forget(self) -> None:
        (store, tree, place), gone = self._found.popitem(last=False)
        self._rows -= len(gone)
        if self._latest.get((store, place)) == tree:
            del self._latest[store, place]


def walk(
    rows_of: Callable[[bytes, str], Iterator[Row]], tree: str, limits: TreeLimits
) -> Iterator[TreeEntry]:
    """What lies below a folder, in git's order; `Invalid` (`tree-too-many-files`)."""
    folders = 1
    todo = [rows_of(b"", tree)]
    while todo:
        for row in todo[-1]:
            if isinstance(row, TreeEntry):
                yield row
                continue
            folders += 1
            if folders > limits.entries or len(todo) > PATH_DEPTH:  # also where none has a file
                raise _too_many_folders(limits)
            todo.append(rows_of(*row))
            break
        else:
            todo.pop()


def _too_many_folders(limits: TreeLimits) -> Invalid:
    return Invalid(
        "tree-too-many-files",
        f"The tree has more folders than the limit of {limits.entries:,}, or deeper ones than "
        f"{PATH_DEPTH}",
        hint="Remove generated folders from the repository.",
        limit=limits.entries,
    )
