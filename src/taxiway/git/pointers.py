"""Git LFS pointers: small text files that stand for large ones."""

from __future__ import annotations

import re
from dataclasses import dataclass

LARGEST = 1024  # of a pointer, by its specification
_POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n"
    rb"(?:ext-[0-9]-\S+ sha256:[0-9a-f]{64}\n)*"
    rb"oid sha256:(?P<oid>[0-9a-f]{64})\n"
    rb"size (?P<size>[0-9]{1,15})\n"
)


@dataclass(frozen=True, order=True)
class Pointer:
    """The sha256 and the size of what a file holds in truth."""

    oid: str
    size: int


def parse(text: bytes) -> Pointer | None:
    """The pointer, when the file is one to the letter."""
    match = _POINTER.fullmatch(text)
    return Pointer(match["oid"].decode(), int(match["size"])) if match else None
