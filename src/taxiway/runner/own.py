"""Byte-code of our own part of a task's interpreter, for a Python that is not the worker's.

A worker's own Python made it when it imported that part. A task could not write it, and would
compile it anew each time, for longer than its interpreter takes to start.
"""

from __future__ import annotations

import sys

from taxiway import __version__
from taxiway.environment.policy import PackagePolicy
from taxiway.environment.provide import provide
from taxiway.process import run
from taxiway.runner.launch import INSIDE
from taxiway.storage import marks
from taxiway.storage.cache import Cache

_KIND = "inside"
_OWN = f"{sys.version_info.major}.{sys.version_info.minor}"
_SECONDS = 60.0


def was_compiled(cache: Cache, python: str) -> bool:
    """Whether there is nothing to do: it was tried on this host for this release of ours, or it is
    the worker's own Python."""
    return python == _OWN or marks.bytecode(cache.root, _KIND, __version__, python).exists()


def compile_own(cache: Cache, python: str, policy: PackagePolicy) -> None:
    """Once: where Taxiway is installed read-only it stays as it is."""
    with cache.try_lock(_KIND, f"{__version__}.{python}") as free:
        if not free or was_compiled(cache, python):
            return
        files = [str(path) for path in sorted(INSIDE.glob("*.py"))]
        interpreter = str(provide(python, policy, cache).path)
        argv = [interpreter, "-I", "-S", "-m", "py_compile", *files]
        run(argv, env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}, timeout=_SECONDS)
        done = marks.bytecode(cache.root, _KIND, __version__, python)
        done.parent.mkdir(parents=True, exist_ok=True)
        done.touch()
