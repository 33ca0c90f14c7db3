"""Which Python a repository asks for: `.python-version`, or the `requires-python` of its project."""

from __future__ import annotations

import re
from collections.abc import Callable

FILE = ".python-version"
_CLAUSE = re.compile(r"(===|==|~=|!=|<=|>=|<|>)\s*v?(\d+(?:\.\d+)*)(\.\*)?")
_ASKED = re.compile(r"(?:cpython[@-]?|python-?)?(3\.\d{1,2})((?:\.\d+)?)", re.IGNORECASE)

Parts = tuple[int, ...]
_OPERATORS: dict[str, Callable[[Parts, Parts], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "===": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


def asked_for(text: str) -> tuple[str, str] | None:
    """(`3.12`, `3.12.4` or `3.12`) of a `.python-version`; None where it names no CPython 3."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    first = next(filter(None, lines), "")
    match = _ASKED.fullmatch(first)
    return (match[1], match[1] + match[2]) if match else None


def satisfies(version: str, specifier: str) -> bool:
    """Whether a full version, `3.12.4`, meets `>=3.11,<3.13`. ValueError where it is no specifier."""
    return all(_holds(_parts(version), clause) for clause in specifier.split(",") if clause.strip())


def _holds(version: Parts, clause: str) -> bool:
    match = _CLAUSE.fullmatch(clause.strip())
    if match is None:
        raise ValueError(clause)
    op, wanted, any_patch = match[1], _parts(match[2]), match[3]
    if op == "~=":
        return version >= wanted and version[: len(wanted) - 1] == wanted[:-1]
    if any_patch:
        return (version[: len(wanted)] == wanted) is (op == "==")
    longest = max(len(version), len(wanted))
    padded = (version + (0,) * (longest - len(version)), wanted + (0,) * (longest - len(wanted)))
    return _OPERATORS[op](*padded)


def _parts(text: str) -> Parts:
    return tuple(int(part) for part in text.split("."))
