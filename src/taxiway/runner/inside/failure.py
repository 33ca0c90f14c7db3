"""How user code went wrong, told in its own terms: its frames, its paths, its commit."""

from __future__ import annotations

import os
import traceback
from typing import Any

from .refusal import Refused, Unanswered

_OURS = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120
_REFUSED = (1, 13, 30)  # EPERM, EACCES, EROFS
_LIMIT = 32_000  # characters; what is cut out is the middle


class Narrator:
    """Tells of exceptions; `names` maps folders to what is shown in their place."""

    def __init__(self, names: dict[str, str], commit: str | None) -> None:
        self._names = sorted(names.items(), key=lambda pair: -len(pair[0]))
        self._commit = commit

    def shown(self, path: str) -> str:
        for folder, name in self._names:
            if path == folder:
                return name
            if path.startswith(folder + "/"):
                return os.path.join(name, path[len(folder) + 1 :])  # noqa: PTH118
        return path

    def tell(self, error: BaseException) -> str:
        told = traceback.TracebackException.from_exception(error, compact=True)
        self._clean(told, set())
        text = "".join(told.format())
        if self._commit:
            text += f"at commit {self._commit}\n"
        if len(text) > _LIMIT:
            text = text[: _LIMIT // 2] + "\n  ...\n" + text[-_LIMIT // 2 :]
        return text

    def report(self, error: BaseException) -> dict[str, Any]:
        """What the supervisor is told of an exception that user code did not catch."""
        if isinstance(error, Refused):
            return dict(error.report)
        said = _said(error)
        place = self._place_of_syntax(error) or self._place(error)
        return {
            "kind": "TaskFailed",
            "code": "task-raised",
            "message": said[:4000] + place,
            "hint": _hint(error, self._names),
            "traceback": self.tell(error),
            "unanswered": isinstance(error, Unanswered),
        }

    def _place_of_syntax(self, error: BaseException) -> str:
        if not isinstance(error, SyntaxError) or not error.filename:
            return ""
        return f" ({self.shown(error.filename)}:{error.lineno})"

    def _place(self, error: BaseException) -> str:
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            shown = self.shown(frame.filename)
            if shown != frame.filename:
                commit = f", commit {self._commit[:12]}" if self._commit else ""
                return f" ({shown}:{frame.lineno} in {frame.name}{commit})"
        return ""

    def _clean(self, told: traceback.TracebackException, seen: set[int]) -> None:
        if id(told) in seen:
            return
        seen.add(id(told))
        frames = [frame for frame in told.stack if not _is_ours(frame.filename)]
        for frame in frames:
            _ = frame.line  # read it now, while the path is the real one
            frame.filename = self.shown(frame.filename)
        told.stack[:] = frames
        if path := getattr(told, "filename", None):  # a SyntaxError
            vars(told)["filename"] = self.shown(path)
        more = [told.__cause__, told.__context__, *(getattr(told, "exceptions", None) or ())]
        for other in filter(None, more):
            self._clean(other, seen)


def _said(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg}"
    return "".join(traceback.format_exception_only(error)).strip()


def _is_ours(path: str) -> bool:
    return path.startswith((_OURS, "<frozen importlib")) or path.endswith("runner/entrypoint.py")


def _hint(error: BaseException, names: list[tuple[str, str]]) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"If {error.name.partition('.')[0]} is a package, add it to requirements.txt and deploy."
    if isinstance(error, OSError) and error.errno in _REFUSED and isinstance(error.filename, str):
        path = os.path.realpath(error.filename)
        if any(path.startswith(folder + "/") for folder, _ in names):
            return "The files of the repository are read-only: write to a new file or folder of the working directory."
    if isinstance(error, MemoryError):
        return "The task asked for more memory than it may have."
    return ""
