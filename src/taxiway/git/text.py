"""Files as text: in which encoding, or why not."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SNIFFED = 8000  # bytes in which git looks for a NUL
_LFS = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:ext-.*\n)*"
    rb"oid sha256:([0-9a-f]{64})\nsize ([0-9]{1,18})\n"
)


@dataclass(frozen=True, slots=True)
class Text:
    text: str
    encoding: str


def text_of(data: bytes) -> Text | None:
    """None for binary data. What is neither UTF-8 nor marked is read as Latin-1, which never
    fails: the encoding says so."""
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    if encoding is None:
        if b"\0" in data[:_SNIFFED]:
            return None
        encoding = "utf-8"
    try:
        return Text(data.decode(encoding), encoding.removesuffix("-sig"))
    except UnicodeDecodeError:
        return Text(data.decode("latin-1"), "latin-1") if encoding == "utf-8" else None


def lfs_size(data: bytes) -> int | None:
    """How large the file is that an LFS pointer stands for; None for other data."""
    found = _LFS.fullmatch(data) if len(data) < 1024 else None
    return int(found[2]) if found else None
