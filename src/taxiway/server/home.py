"""The home says which version of Taxiway wrote it."""

from __future__ import annotations

import re
from pathlib import Path

from taxiway import __version__
from taxiway.errors import Conflict

STAMP = "version"


def claim(home: Path) -> None:
    """Stamp the home with this version; `Conflict` (`home-newer`) when a newer one wrote it."""
    file = home / STAMP
    try:
        written = file.read_text(errors="replace").strip()
    except FileNotFoundError:
        written = ""
    if _numbers(written) > _numbers(__version__):
        raise Conflict(
            "home-newer",
            f"{home} was written by Taxiway {written[:50]}, and this is {__version__}",
            hint="Start the newer version, or give another home.",
            version=written[:50],
        )
    if written != __version__:
        home.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial")
        partial.write_text(f"{__version__}\n")
        partial.replace(file)


def _numbers(version: str) -> tuple[int, ...]:
    """The release numbers, for comparison; () of a text that is no version."""
    found = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(part) for part in found[0].split(".")) if found else ()
