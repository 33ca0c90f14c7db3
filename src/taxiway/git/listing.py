"""What a snapshot of this host holds, file by file, so that the next one can be made from it.

    <cache>/listings/<snapshot>.json     the sha256 of the rest; links and empty folders; files

Only a help: without it, or when a file is not as it says, a snapshot is made from its layers.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Container, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from taxiway.git.layers import Unpacked
from taxiway.git.trees import LINK, PROGRAM
from taxiway.storage.cache import Cache

_KIND = "listings"
_THREADS = 2
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


class Unfit(Exception):
    """A file of the snapshot is not as it was made, or is gone."""


@dataclass
class Listing:
    """`files`: mode, id, size, time of change and sha256 by path, as one text: it is read and
    written as it is 50,000 times. `links`: where each link points. `folders`: empty ones, for
    submodules."""

    files: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)


def read(cache: Cache, tree: str) -> Listing | None:
    try:
        digest, _, text = cache.path(_KIND, f"{tree}.json").read_bytes().partition(b"\n")
        if hashlib.sha256(text).hexdigest().encode() != digest:
            return None
        head, _, rest = text.partition(b"\n")
        raw, words = json.loads(head), os.fsdecode(rest).split("\0")
        files = dict(zip(words[:-1:2], words[1::2], strict=True))
        return Listing(files, dict(raw["links"]), list(raw["folders"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write(cache: Cache, tree: str, root: Path, made: Unpacked, linked: Mapping[str, str]) -> None:
    """List what was just made below `root`; what was linked is as it was."""
    files = dict(linked)
    for path, mode, oid in made.entries:
        if path not in linked and mode != LINK:
            changed = os.lstat(f"{root}/{path}").st_mtime_ns
            _, _, size, digest = made.known[path]
            files[path] = f"{mode} {oid} {size} {changed} {digest}"
    place = cache.path(_KIND, f"{tree}.json")
    place.parent.mkdir(parents=True, exist_ok=True)
    fresh = place.with_name(f".{place.name}.{os.getpid()}")
    head = json.dumps({"links": made.links, "folders": sorted(made.folders)})
    rest = "".join(f"{path}\0{facts}\0" for path, facts in files.items())
    text = head.encode() + b"\n" + os.fsencode(rest)
    fresh.write_bytes(hashlib.sha256(text).hexdigest().encode() + b"\n" + text)
    fresh.replace(place)


def link(listing: Listing, base: Path, root: Path, skip: Container[str]) -> Unpacked:
    """Link every file of the snapshot `base` that is not in `skip` below `root`. `Unfit` when one
    of them was changed; nothing stays linked then."""
    folders: dict[str, list[tuple[str, int, int]]] = {}
    found = Unpacked()
    for path, facts in listing.files.items():
        if path in skip:
            continue
        mode, oid, size, changed, digest = facts.split(" ")
        folder, _, name = path.rpartition("/")
        folders.setdefault(folder, []).append((name, int(size), int(changed)))
        found.entries.append((path, mode, oid))
        found.known[path] = (path, 0o555 if mode == PROGRAM else 0o444, int(size), digest)
    try:
        _link_folders(base, root, folders)
    except (OSError, Unfit) as error:  # also: too many links to one file, or another file system
        for path in found.known:
            with suppress(FileNotFoundError):
                os.unlink(f"{root}/{path}")  # noqa: PTH108
        raise Unfit(str(error)) from error
    return found


def _link_folders(
    base: Path, root: Path, folders: Mapping[str, list[tuple[str, int, int]]]
) -> None:
    make_folders(root, folders)
    with ThreadPoolExecutor(_THREADS, "taxiway-link") as pool:  # the kernel does nearly all of it
        done = [
            pool.submit(_link_folder, f"{base}/{folder}", f"{root}/{folder}", files)
            for folder, files in folders.items()
        ]
    for one in done:
        one.result()


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
