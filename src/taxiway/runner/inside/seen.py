"""Which packages a task has imported: a warm process imports them for the next ones."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

KNOWN: set[str] = set()  # need not be told
_MOST = 5_000


def modules() -> list[str]:
    """The modules of the environment's packages that are there and not `KNOWN`, first come first."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    packages = f"{sys.prefix}/lib/{version}/site-packages/"
    found = []
    for name, module in list(sys.modules.items()):
        try:
            spec: Any = module.__spec__
            is_theirs = spec.name == name and spec.origin.startswith(packages)
        except Exception:  # noqa: S112 - anything may stand there
            continue
        if is_theirs and name not in KNOWN:
            found.append(name)
    return found[:_MOST]
