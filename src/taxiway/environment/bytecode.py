"""Byte-code of snapshots and packages: at the deploy where it is made, and on other hosts beside
the first run, which does not wait for it. A task could not write it itself."""

from __future__ import annotations

from pathlib import Path

from taxiway.environment import compiler
from taxiway.environment.policy import PackagePolicy
from taxiway.environment.provide import provide
from taxiway.process import run
from taxiway.storage import marks
from taxiway.storage.cache import Cache

_SECONDS = 900.0
_SKIPPED = {"environments": r"[/\\]tests?[/\\]", "snapshots": ""}
_SCRIPT = Path(compiler.__file__).resolve()


def has_bytecode(cache: Cache, kind: str, key: str, python: str) -> bool:
    return marks.bytecode(cache.root, kind, key, python).exists()


def make_bytecode(
    cache: Cache,
    kind: str,
    key: str,
    python: str,
    policy: PackagePolicy,
    *,
    background: bool = False,
) -> None:
    """Make what is missing: before this returns, or in a process that outlives this one.

    The base interpreter without `site` does it, so that no package's code runs.
    """
    done = marks.bytecode(cache.root, kind, key, python)
    if done.exists():
        return
    lock = cache.root / ".locks" / f"{kind}.{key}"
    interpreter = str(provide(python, policy, cache).path)
    argv = [interpreter, "-I", "-S", str(_SCRIPT), str(cache.path(kind, key)), str(lock)]
    argv += [str(done), _SKIPPED[kind], *(["background"] if background else [])]
    run(argv, env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}, timeout=_SECONDS)
