"""Which programs were started meanwhile: what a time hangs on, and what does not depend on load."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import PurePath
from typing import Any, TypeVar

T = TypeVar("T")
_started: list[str] | None = None


def _hear(event: str, details: tuple[Any, ...]) -> None:
    if event == "subprocess.Popen" and _started is not None:
        argv = [str(word) for word in details[1]]
        if argv[1:2] == ["-c"] and argv[0].endswith("/sh"):
            argv = argv[3:]  # the shell only sets limits, and goes on as this
        _started.append(PurePath(argv[0]).name)


sys.addaudithook(_hear)


def programs(act: Callable[[], T]) -> tuple[T, str]:
    """What `act` returns, and the programs that this process started for it."""
    global _started
    _started = []
    try:
        done = act()
        found = Counter("python" if name.startswith("python") else name for name in _started)
    finally:
        _started = None
    counts = ", ".join(f"{name} {n}×" for name, n in sorted(found.items()))
    return done, f"starts {counts or 'nothing'}"
