"""The files of a repository in which packages are declared, each read once."""

from __future__ import annotations

from taxiway.environment.lines import decode
from taxiway.environment.requirements import Read
from taxiway.environment.uvlock import refusal
from taxiway.errors import Problem, TaxiwayError


class Files:
    """`read` gives the bytes of a file, or None."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._known: dict[str, bytes | None] = {}

    def read(self, path: str) -> bytes | None:
        if path not in self._known:
            self._known[path] = self._read(path)
        return self._known[path]

    def text(self, path: str) -> str | None:
        data = self.read(path)
        if data is None:
            return None
        try:
            return decode(data)
        except UnicodeDecodeError:
            hint = "Save the file as UTF-8."
            problem = Problem("requirement-encoding", "it is not UTF-8 text", path, hint)
            raise refusal([problem], path) from None

    def mentions(self, path: str, text: bytes) -> bool:
        try:
            return bool(path) and text in (self.read(path) or b"")
        except TaxiwayError:  # the deploy check says what is wrong with it
            return False

    def exists(self, path: str) -> bool:
        try:
            return self.read(path) is not None
        except TaxiwayError:  # too large, or a link: it is there
            return True
