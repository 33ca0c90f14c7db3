"""What a snapshot of this host holds, file by file, so that the next one can be made from it.

    <cache>/listings/<snapshot>.json

Only a help: without it, or when a file is not as it says, a snapshot is made from its layers.
"""

from __future__ import annotations

import json
import os
from collections.abc import Container, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from taxiway.git.layers import Unpacked
from taxiway.git.trees import LINK
from taxiway.storage.cache import Cache

_KIND = "listings"


Facts = tuple[str, str, int, int]


class Unfit(Exception):
    """A file of the snapshot is not as it was made, or is gone."""


@dataclass
class Listing:
    """`files`: (mode, id, size, time of change) by path. `links`: where each link points.
    `folders`: empty ones, for submodules."""

    files: dict[str, Facts] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)


def read(cache: Cache, tree: str) -> Listing | None:
    try:
        raw = json.loads(cache.path(_KIND, f"{tree}.json").read_bytes())
        files = {path: tuple(facts) for path, facts in raw["files"].items()}
        return Listing(files, dict(raw["links"]), list(raw["folders"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write(cache: Cache, tree: str, root: Path, made: Unpacked, linked: Mapping[str, Facts]) -> None:
    """List what was just made below `root`; what was linked is as it was."""
    files = {}
    for path, mode, oid in made.entries:
        if mode == LINK:
            continue
        if path in linked:
            files[path] = linked[path]
        else:
            found = os.lstat(f"{root}/{path}")
            files[path] = (mode, oid, found.st_size, found.st_mtime_ns)
    place = cache.path(_KIND, f"{tree}.json")
    place.parent.mkdir(parents=True, exist_ok=True)
    fresh = place.with_name(f".{place.name}.{os.getpid()}")
    listed = {"files": files, "links": made.links, "folders": sorted(made.folders)}
    fresh.write_text(json.dumps(listed, separators=(",", ":")))
    fresh.replace(place)


def link(
    listing: Listing, base: Path, root: Path, skip: Container[str]
) -> list[tuple[str, str, str]]:
    """Link every file of the snapshot `base` that is not in `skip` below `root`; the entries that
    were linked. `Unfit` when one of them was changed; nothing is linked then."""
    rows = [(path, *facts) for path, facts in listing.files.items() if path not in skip]
    sources = [f"{base}/{row[0]}" for row in rows]
    targets = [f"{root}/{row[0]}" for row in rows]
    done = 0
    try:
        for (path, _, _, size, changed), found in zip(rows, map(os.lstat, sources), strict=True):
            if found.st_mtime_ns != changed or found.st_size != size:
                raise Unfit(path)
        make_folders(root, {row[0].rpartition("/")[0] for row in rows})
        for _ in map(os.link, sources, targets):
            done += 1
    except OSError as error:  # also: too many links to one file, or another file system
        for target in targets[:done]:
            os.unlink(target)  # noqa: PTH108 - what was linked before the fault
        raise Unfit(str(error)) from error
    return [row[:3] for row in rows]


def make_folders(root: Path, folders: Iterable[str]) -> None:
    """Make the folders, which are relative to `root`, and those above them."""
    made = {""}
    for folder in sorted(folders):
        for depth in range(folder.count("/") + 1):
            above = "/".join(folder.split("/")[: depth + 1])
            if above not in made:
                with suppress(FileExistsError):
                    os.mkdir(f"{root}/{above}")  # noqa: PTH102 - often
                made.add(above)
