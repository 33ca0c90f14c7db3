"""What a snapshot of this host holds, file by file, so that the next one can be made from it.

    <cache>/listings/<snapshot>.json

Only a help: without it, or when a file is not as it says, a snapshot is made from its layers.
"""

from __future__ import annotations

import json
import os
from collections.abc import Container, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from taxiway.git.layers import Unpacked
from taxiway.git.trees import LINK
from taxiway.storage.cache import Cache

_KIND = "listings"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


Facts = Sequence[Any]  # mode, id, size, time of change


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
        return Listing(dict(raw["files"]), dict(raw["links"]), list(raw["folders"]))
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
    were linked. `Unfit` when one of them was changed; nothing stays linked then."""
    folders: dict[str, list[tuple[str, int, int]]] = {}
    rows = []
    for path, (mode, oid, size, changed) in listing.files.items():
        if path not in skip:
            folder, _, name = path.rpartition("/")
            folders.setdefault(folder, []).append((name, size, changed))
            rows.append((path, mode, oid))
    done: list[str] = []
    try:
        make_folders(root, folders)
        for folder, files in folders.items():
            done.append(folder)
            _link_folder(f"{base}/{folder}", f"{root}/{folder}", files)
    except (OSError, Unfit) as error:  # also: too many links to one file, or another file system
        for folder in done:
            for name, _, _ in folders[folder]:
                with suppress(FileNotFoundError):
                    os.unlink(f"{root}/{folder}/{name}")  # noqa: PTH108
        raise Unfit(str(error)) from error
    return rows


def _link_folder(base: str, root: str, files: Iterable[tuple[str, int, int]]) -> None:
    """By the folders' descriptors: the kernel looks up one name, not a path, 20,000 times."""
    source = os.open(base, _FOLDER)
    try:
        target = os.open(root, _FOLDER)
        try:
            for name, size, changed in files:
                found = os.stat(name, dir_fd=source, follow_symlinks=False)
                if found.st_mtime_ns != changed or found.st_size != size:
                    raise Unfit(f"{base}/{name}")
                os.link(name, name, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
        finally:
            os.close(target)
    finally:
        os.close(source)


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
