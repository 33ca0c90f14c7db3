"""Which Python a repository asks for: `.python-version` nearest to the script, else
`requires-python` of what declares the packages."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from taxiway.environment import python, versions
from taxiway.environment.policy import PYTHON_DOWNLOADS, PackagePolicy
from taxiway.environment.pyproject import Pyproject
from taxiway.environment.python import Interpreter
from taxiway.environment.uvlock import refusal
from taxiway.errors import Problem


@dataclass(frozen=True)
class ChosenPython:
    """A Python as `3.11`, the path of the file that asked for it, and what to tell of it."""

    version: str
    source: str = ""
    notes: tuple[str, ...] = ()


def choose(
    folders: Iterable[str],
    text_of: Callable[[str], str | None],
    needs: Pyproject | None,
    policy: PackagePolicy,
    downloaded: Path | None,
) -> ChosenPython:
    """The Python for a script whose `folders` are given, nearest first. `Invalid` where this host
    has none that fits."""
    for folder in folders:
        path = posixpath.join(folder, versions.FILE)
        text = text_of(path)
        asked = versions.asked_for(text) if text is not None else None
        if asked is not None:
            return _of_file(path, asked, policy, downloaded)
    wanted = needs.requires_python if needs else None
    if needs is None or wanted is None:
        return ChosenPython(python.current().version)
    chosen = _fitting(needs.path, wanted, policy, downloaded)
    note = f"Python {chosen.full}: {needs.path} requires {wanted}."
    return ChosenPython(chosen.version, needs.path, (note,))


def _of_file(
    path: str, asked: tuple[str, str], policy: PackagePolicy, downloaded: Path | None
) -> ChosenPython:
    version, exact = asked
    there = {one.version: one for one in python.available(downloaded)}
    chosen = there.get(version)
    if chosen is None and not (policy.python_downloads and version in python.SUPPORTED):
        raise refusal([_missing(path, f"Python {version}", there)], path)
    note = f"Python {chosen.full if chosen else version}: {path} asks for {exact}."
    return ChosenPython(version, path, (note,))


def _fitting(path: str, wanted: str, policy: PackagePolicy, downloaded: Path | None) -> Interpreter:
    there = python.available(downloaded)
    try:
        fitting = [one for one in there if versions.satisfies(one.full, wanted)]
        others = [one for one in reversed(python.SUPPORTED) if versions.satisfies(one, wanted)]
    except ValueError:
        problem = Problem("requirement-syntax", f"requires-python is {wanted!r}", path)
        raise refusal([problem], path) from None
    if fitting:
        return fitting[0]
    if policy.python_downloads and others:
        return replace(python.current(), version=others[0], full=others[0])
    known = {one.version: one for one in there}
    raise refusal([_missing(path, f"a Python that is {wanted}", known)], path)


def _missing(path: str, what: str, there: dict[str, Interpreter]) -> Problem:
    has = ", ".join(one.full for _, one in sorted(there.items()))
    return Problem(
        "python-not-found",
        f"It asks for {what}, and this host has {has}",
        path,
        f"Install it and put it on PATH, change {path}, or have the operator set "
        f"{PYTHON_DOWNLOADS}: then uv downloads it.",
    )
