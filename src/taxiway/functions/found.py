"""What was found in a file before, by the id of its blob: in memory, and in the cache."""

from __future__ import annotations

import json
import os
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from taxiway.functions.model import FileFunctions, file_functions
from taxiway.functions.reading import read_functions
from taxiway.functions.refusal import NOT_READ
from taxiway.storage.cache import Cache

FORMAT = 2  # goes up when `functions_of` finds something else in an unchanged file
_KEPT = 4096


@dataclass(frozen=True, slots=True)
class Blob:
    """A file of a commit: where it is, and the id of what it holds."""

    path: str
    id: str


class FoundFunctions:
    """One per process. `read` parses what is not known; tests count it."""

    def __init__(
        self,
        cache: Cache,
        read: Callable[[Mapping[str, bytes]], dict[str, FileFunctions]] = read_functions,
    ) -> None:
        self._folder = cache.path("functions", str(FORMAT))
        self._read = read
        self._guard = threading.Lock()
        self._known: OrderedDict[Blob, FileFunctions] = OrderedDict()

    def of(
        self, blobs: Iterable[Blob], contents: Callable[[list[Blob]], Mapping[str, bytes]]
    ) -> dict[str, FileFunctions]:
        """The functions by path. `contents` gives the bytes of those that are not known yet, or
        of some of them where they are too much for one time."""
        wanted = list(blobs)
        found = {blob.path: known for blob in wanted if (known := self._remembered(blob))}
        missing = [blob for blob in wanted if blob.path not in found]
        if missing:
            fresh = self._read(contents(missing))
            for blob in missing:
                known = fresh.get(blob.path) or FileFunctions(blob.path, problem=NOT_READ)
                self._keep(blob, known)
                found[blob.path] = known
        return found

    def _remembered(self, blob: Blob) -> FileFunctions | None:
        with self._guard:
            known = self._known.get(blob)
            if known is not None:
                self._known.move_to_end(blob)
                return known
        try:
            stored = json.loads((self._folder / blob.id).read_bytes())
            known = file_functions(stored, blob.path)
        except (OSError, ValueError, KeyError, TypeError):  # not there, or damaged: parse it anew
            return None
        self._remember(blob, known)
        return known

    def _keep(self, blob: Blob, found: FileFunctions) -> None:
        if found.problem == NOT_READ:
            return
        self._remember(blob, found)
        _write(self._folder / blob.id, json.dumps(found.as_dict()).encode("ascii"))

    def _remember(self, blob: Blob, found: FileFunctions) -> None:
        with self._guard:
            self._known[blob] = found
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)


def _write(final: Path, data: bytes) -> None:
    """Whole or not at all. Not flushed to the disk: a damaged entry is parsed anew."""
    final.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".new-", dir=final.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    Path(name).rename(final)
