"""The base interpreters of this host: never a shim, never a virtual environment's own python."""

from __future__ import annotations

import functools
import json
import os
import platform as host
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from taxiway.errors import Unavailable
from taxiway.process import run

_PROBE = """
import json, sys, sysconfig
print(json.dumps([sys.implementation.name, "%d.%d" % sys.version_info[:2],
                  getattr(sys, "_base_executable", sys.executable), sysconfig.get_platform()]))
"""


@dataclass(frozen=True)
class Interpreter:
    """A Python that environments are made from: `version` as `3.11`, `platform` as
    `linux-x86_64-glibc`."""

    path: Path
    version: str
    platform: str


@functools.cache
def current() -> Interpreter:
    """The interpreter that our own process runs on, below any virtual environment."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return Interpreter(Path(base).resolve(), version, _with_libc(sysconfig.get_platform()))


@functools.cache
def find(version: str) -> Interpreter:
    """The interpreter of that version: our own, or the first on PATH.

    `Unavailable` (`python-not-found`) where the host has none.
    """
    if version == current().version:
        return current()
    for candidate in _candidates(version):
        found = _probe(candidate)
        if found and found.version == version:
            return found
    raise Unavailable(
        "python-not-found",
        f"{host.node() or 'This host'} has no Python {version}",
        hint=f"Install Python {version} and put it on PATH, or deploy again with "
        f"Python {current().version}.",
        version=version,
    )


def _candidates(version: str) -> Iterator[Path]:
    for folder in map(Path, os.get_exec_path()):
        path = folder / f"python{version}"
        if not (path.is_file() and os.access(path, os.X_OK)):
            continue
        with path.open("rb") as file:
            is_script = file.read(2) == b"#!"
        if not is_script:
            yield path
        else:  # a version manager's shim costs 100 ms a start and obeys the working directory
            versions = folder.parent.glob(f"versions/{version}.*/bin/python{version}")
            yield from sorted(versions, key=_patch_level, reverse=True)


def _patch_level(path: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in path.parents[1].name.split(".") if part.isdigit())


def _probe(path: Path) -> Interpreter | None:
    try:
        done = run([str(path), "-I", "-S", "-c", _PROBE], env={"PATH": "/usr/bin:/bin"}, timeout=30)
    except (OSError, Unavailable):
        return None
    if done.returncode:
        return None
    implementation, version, base, platform = json.loads(done.stdout)
    if implementation != "cpython":
        return None
    return Interpreter(Path(base).resolve(), version, _with_libc(platform))


def _with_libc(platform: str) -> str:
    """`linux-x86_64` tells nothing about the C library, and wheels depend on it."""
    if not platform.startswith("linux"):
        return platform
    try:
        libc = os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (ValueError, OSError):
        libc = ""
    return f"{platform}-{'glibc' if libc.startswith('glibc') else 'musl'}"
