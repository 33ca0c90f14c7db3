"""Which lines of a universal lock can apply to one Python; the platform is left open."""

from __future__ import annotations

import re
from collections.abc import Callable

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'[^']*'|\"[^\"]*\")|(?P<op><=|>=|===|==|~=|!=|<|>|\(|\))|(?P<word>[a-z_]+))"
)
_VERSIONS = ("python_version", "python_full_version")
_TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_LATEST_PATCH = 10**6
Version = tuple[int, ...]


def may_apply(marker: str, python: str) -> bool:
    """Whether a requirement with this marker can apply on some platform with `python` (`3.11`)."""
    try:
        return _Reader(marker, python).read() is not False
    except (ValueError, IndexError):
        return True  # whatever it says is left to uv


class _Reader:
    """True, False, or None where the platform decides."""

    def __init__(self, marker: str, python: str) -> None:
        self._tokens: list[str] = []
        place = 0
        while place < len(marker.rstrip()):
            found = _TOKEN.match(marker, place)
            if found is None:
                raise ValueError(marker)
            self._tokens.append(found.group().strip())
            place = found.end()
        self._place = 0
        major, minor = (int(part) for part in python.split("."))
        self._low, self._high = (major, minor, 0), (major, minor, _LATEST_PATCH)

    def read(self) -> bool | None:
        value = self._either()
        if self._place != len(self._tokens):
            raise ValueError("more than one marker")
        return value

    def _next(self) -> str:
        self._place += 1
        return self._tokens[self._place - 1]

    def _is_next(self, word: str) -> bool:
        here = self._place < len(self._tokens) and self._tokens[self._place] == word
        self._place += here
        return here

    def _either(self) -> bool | None:
        values = [self._both()]
        while self._is_next("or"):
            values.append(self._both())
        return True if True in values else None if None in values else False

    def _both(self) -> bool | None:
        values = [self._one()]
        while self._is_next("and"):
            values.append(self._one())
        return False if False in values else None if None in values else True

    def _one(self) -> bool | None:
        if self._is_next("("):
            value = self._either()
            if not self._is_next(")"):
                raise ValueError("a bracket is not closed")
            return value
        left = self._next()
        op = self._next()
        if op == "not":
            op += " " + self._next()
        right = self._next()
        if right in _VERSIONS:
            left, right, op = right, left, _TURNED.get(op, op)
        if left not in _VERSIONS or op in ("in", "not in", "==="):
            return None
        return self._compare(op, right.strip("'\""), whole=left == "python_version")

    def _compare(self, op: str, text: str, *, whole: bool) -> bool | None:
        low, high = (self._low[:2],) * 2 if whole else (self._low, self._high)
        if text.endswith(".*") or op == "~=":
            return None if not text.endswith(".*") else self._matches(op, text)
        version = tuple(int(part) for part in text.split("."))
        holds = _OPERATORS[op]
        values = {holds(_as_long(one, version), _as_long(version, one)) for one in (low, high)}
        if not whole and op in ("==", "!=") and low < version < high:
            return None
        return values.pop() if len(values) == 1 else None

    def _matches(self, op: str, text: str) -> bool:
        version = tuple(int(part) for part in text.removesuffix(".*").split("."))
        same = self._low[: len(version)] == version[: len(self._low)]
        return same if op == "==" else not same


def _as_long(version: Version, other: Version) -> Version:
    return version + (0,) * (len(other) - len(version))


_OPERATORS: dict[str, Callable[[Version, Version], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}
