"""The files that a task left in its folder of artifacts."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from taxiway.errors import Invalid

MOST_FILES = 10_000


def collect(root: Path, keep: Callable[[Path], str], max_size: int) -> tuple[dict[str, Any], ...]:
    """Path, size and digest of each file below `root`, in order; `keep` stores one and tells its
    digest. Links are left out. `Invalid` (`artifacts-too-large`) before anything is stored.

    No process of the task is left: nothing changes while it is looked at.
    """
    found = sorted(_files(root))
    total = sum(size for _, _, size in found)
    if len(found) > MOST_FILES or (max_size and total > max_size):
        raise Invalid(
            "artifacts-too-large",
            f"The task left {len(found):,} files of {total:,} bytes as artifacts; at most "
            f"{MOST_FILES:,} files of TAXIWAY_VALUE_MAX_SIZE ({max_size:,} bytes) are kept",
            hint="Keep less, or pack small files into one.",
        )
    return tuple({"path": name, "size": size, "digest": keep(path)} for name, path, size in found)


def _files(root: Path) -> list[tuple[str, Path, int]]:
    found = []
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            status = path.lstat()
            if stat.S_ISREG(status.st_mode):
                shown = os.fsencode(path.relative_to(root)).decode("utf-8", "backslashreplace")
                found.append((shown, path, status.st_size))
    return found
