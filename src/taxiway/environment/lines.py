"""The text of a requirements file as logical lines with their numbers."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

_COMMENT = re.compile(r"(^|\s+)#.*$")
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),  # what `pip freeze >` writes in PowerShell
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def decode(data: bytes) -> str:
    """The text of a file: UTF-8, or UTF-16 where it says so. Raises UnicodeDecodeError."""
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return data[len(bom) :].decode(encoding)
    return data.decode("utf-8")


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """(number of the first physical line, text) without comments, continuations joined."""
    start, parts = 0, list[str]()
    for number, raw in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        start = start or number
        is_comment = raw.lstrip().startswith("#")
        if raw.endswith("\\") and not is_comment:
            parts.append(raw[:-1])
            continue
        # A comment ends a continuation, as in pip.
        parts.append(" " + raw if is_comment else raw)
        yield from _cleaned(start, parts)
        start, parts = 0, []
    yield from _cleaned(start, parts)


def _cleaned(start: int, parts: list[str]) -> Iterator[tuple[int, str]]:
    line = _COMMENT.sub("", "".join(parts)).strip()
    if line:
        yield start, line
