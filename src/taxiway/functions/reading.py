"""Parses files of strangers in processes with little memory and time.

A file that takes too much ends its process; the others are parsed all the same.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat

from taxiway import process
from taxiway.errors import Unavailable
from taxiway.functions.model import FileFunctions, file_functions
from taxiway.functions.refusal import NOT_READ, refusal, too_costly

_LIMITS = process.Limits(address_space=1 << 30, cpu_seconds=10, file_size=0)
_SECONDS = 60.0
_FILES = 100  # to one process
_BYTES = 4 << 20
_WORKERS = 2
_ALL_SECONDS = 30.0  # for all files of one call, before the rest is left
_COSTLY = too_costly("it takes more memory or time to parse than is allowed")
_SLOTS = threading.BoundedSemaphore(_WORKERS)  # whoever asks: each takes a core and memory

Source = tuple[str, bytes]


def read_functions(sources: Mapping[str, bytes]) -> dict[str, FileFunctions]:
    """What each file (path → bytes) defines. A result with the code `file-not-read` is passing."""
    refused = {
        path: FileFunctions(path, problem=problem)
        for path, source in sources.items()
        if (problem := refusal(path, len(source))) is not None
    }
    left = sorted(entry for entry in sources.items() if entry[0] not in refused)
    return refused | _read_all(list(_batches(left)))


def _read_all(batches: list[list[Source]]) -> dict[str, FileFunctions]:
    deadline = time.monotonic() + _ALL_SECONDS
    if len(batches) < 2:
        return dict(entry for batch in batches for entry in _read(batch, deadline))
    workers = min(_WORKERS, os.cpu_count() or 1)
    with ThreadPoolExecutor(workers, thread_name_prefix="functions") as pool:
        return dict(
            entry for found in pool.map(_read, batches, repeat(deadline)) for entry in found
        )


def _batches(sources: Sequence[Source]) -> Iterator[list[Source]]:
    batch: list[Source] = []
    size = 0
    for path, source in sources:
        if batch and (len(batch) >= _FILES or size + len(source) > _BYTES):
            yield batch
            batch, size = [], 0
        batch.append((path, source))
        size += len(source)
    if batch:
        yield batch


def _read(batch: list[Source], deadline: float) -> list[tuple[str, FileFunctions]]:
    found: list[tuple[str, FileFunctions]] = []
    while len(found) < len(batch):
        left = batch[len(found) :]
        if time.monotonic() > deadline:
            found += [(path, FileFunctions(path, problem=NOT_READ)) for path, _ in left]
            break
        told = _parse(left)
        found += told
        if len(told) < len(left):
            path = left[len(told)][0]
            found.append((path, FileFunctions(path, problem=_COSTLY)))
    return found


def _parse(batch: list[Source]) -> list[tuple[str, FileFunctions]]:
    """What the process told before it ended."""
    asked = json.dumps([(path, source.decode("latin-1")) for path, source in batch])
    try:
        with _SLOTS:
            done = process.run(
                [sys.executable, "-I", "-m", "taxiway.functions.child"],
                env={"LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"},
                stdin=asked.encode("ascii"),
                timeout=_SECONDS,
                limits=_LIMITS,
            )
    except Unavailable:
        return []
    *lines, _ = done.stdout.split(b"\n")
    return [
        (path, file_functions(json.loads(line), path))
        for (path, _), line in zip(batch, lines, strict=False)
    ]
