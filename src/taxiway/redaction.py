"""Values that cannot be printed in clear."""

from __future__ import annotations

import re
from typing import NoReturn
from urllib.parse import urlsplit, urlunsplit

# It starts at "://", not at the scheme: a long text without one is read once, not once a letter.
_USERINFO = re.compile(r"(?<=[a-zA-Z0-9+.-])://[^/\s@'\"]+@")


class Secret:
    """A text that never shows itself: not in `str`, `repr`, formats, pickles or JSON."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text in clear, for the one process or header that needs it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __bool__(self) -> bool:
        return bool(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not serialised")


class SafeUrl(str):
    """A URL without its user info, whatever was given: safe to store, log and show."""

    def __new__(cls, url: str) -> SafeUrl:
        return super().__new__(cls, without_userinfo(url))


def without_userinfo(url: str) -> str:
    """`url` with `user:password@` removed."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def redact(text: str) -> str:
    """`text` with the user info of every URL in it replaced by `***`."""
    return _USERINFO.sub("://***@", text)
