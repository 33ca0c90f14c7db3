"""What a snapshot of this host holds, file by file, so that the next one can be made from it.

    <cache>/listings/<snapshot>.json

Only a help: without it, or when a file is not as it says, a snapshot is made from its layers.
"""

from __future__ import annotations

import json
import os
from collections.abc import Container, Iterator, Mapping
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
) -> Iterator[tuple[str, str, str]]:
    """Link every file of the snapshot `base` that is not in `skip` below `root`; the entries that
    were linked. `Unfit` when one of them was changed."""
    made = {""}
    for path, (mode, oid, size, changed) in listing.files.items():
        if path in skip:
            continue
        source = f"{base}/{path}"
        folder = path.rpartition("/")[0]
        try:
            found = os.lstat(source)
            if (found.st_size, found.st_mtime_ns) != (size, changed):
                raise Unfit(path)
            if folder not in made:
                os.makedirs(f"{root}/{folder}", exist_ok=True)  # noqa: PTH103 - often
                made.add(folder)
            os.link(source, f"{root}/{path}")
        except OSError as error:  # also: too many links to one file, or another file system
            raise Unfit(path) from error
        yield path, mode, oid
