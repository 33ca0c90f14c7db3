"""The base interpreters of this host: never a shim, never a virtual environment's own python."""

from __future__ import annotations

import functools
import json
import os
import platform as host
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from taxiway.errors import Unavailable
from taxiway.process import run

_known: dict[str, Interpreter] = {}
SUPPORTED = ("3.10", "3.11", "3.12", "3.13", "3.14")  # for tasks; ours is one of them
_PROBE = """
import json, sys, sysconfig
print(json.dumps([sys.implementation.name, "%d.%d.%d" % sys.version_info[:3],
                  getattr(sys, "_base_executable", sys.executable), sysconfig.get_platform()]))
"""


@dataclass(frozen=True)
class Interpreter:
    """A Python that environments are made from: `version` as `3.11`, `platform` as
    `linux-x86_64-glibc`, `full` as `3.11.7`."""

    path: Path
    version: str
    platform: str
    full: str = field(default="", compare=False)


@functools.cache
def current() -> Interpreter:
    """The interpreter that our own process runs on, below any virtual environment."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    full = f"{version}.{sys.version_info.micro}"
    return Interpreter(Path(base).resolve(), version, _with_libc(sysconfig.get_platform()), full)


def find(version: str, *, downloaded: Path | None = None) -> Interpreter:
    """The interpreter of that version: our own, the first on PATH, or one below `downloaded`.

    `Unavailable` (`python-not-found`) where the host has none.
    """
    if version == current().version:
        return current()
    found = _found(version) or _downloaded(version, downloaded)
    if found is not None:
        return found
    raise Unavailable(
        "python-not-found",
        f"{host.node() or 'This host'} has no Python {version}",
        hint=f"Install Python {version} and put it on PATH, or deploy again with "
        f"Python {current().version}.",
        version=version,
    )


def available(downloaded: Path | None = None) -> list[Interpreter]:
    """All that tasks may run on, one of each version: our own first, then the newest first."""
    others = (_found(one) or _downloaded(one, downloaded) for one in reversed(SUPPORTED))
    rest = [one for one in others if one is not None and one.version != current().version]
    return [current(), *rest]


def _found(version: str) -> Interpreter | None:
    if version not in _known:  # what is missing may be installed any moment
        probed = filter(None, map(_probe, _candidates(version)))
        fitting = next((one for one in probed if one.version == version), None)
        if fitting is None:
            return None
        _known[version] = fitting
    return _known[version]


def _downloaded(version: str, below: Path | None) -> Interpreter | None:
    for path in sorted(below.glob(f"cpython-{version}.*/bin/python{version}")) if below else ():
        if (found := _probe(path)) and found.version == version:
            return found
    return None


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
    implementation, full, base, platform = json.loads(done.stdout)
    if implementation != "cpython":
        return None
    version = full.rpartition(".")[0]
    return Interpreter(Path(base).resolve(), version, _with_libc(platform), full)


def _with_libc(platform: str) -> str:
    """`linux-x86_64` tells nothing about the C library, and wheels depend on it."""
    if not platform.startswith("linux"):
        return platform
    try:
        libc = os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (ValueError, OSError):
        libc = ""
    return f"{platform}-{'glibc' if libc.startswith('glibc') else 'musl'}"
