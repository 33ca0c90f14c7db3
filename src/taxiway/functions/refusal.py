"""Why a file is not parsed at all. No parser is needed to know it."""

from __future__ import annotations

from taxiway.functions.model import SOURCE_LIMIT, Unreadable

NOT_READ = Unreadable(
    "file-not-read",
    "it was not parsed: the files before it took too long, or are too large together",
    hint="Ask again, or for the functions of this file alone.",
)


def refusal(path: str, size: int) -> Unreadable | None:
    """Why a file of that name and size is not even opened."""
    if path.lower().endswith(".ipynb"):
        return Unreadable(
            "notebook-refused",
            "a notebook is not a Python file",
            hint="Move the function to a .py file, and import it in the notebook.",
        )
    if size > SOURCE_LIMIT:
        return Unreadable(
            "file-too-large",
            f"it has more than {SOURCE_LIMIT:,} bytes, which is the most that is parsed",
            hint="Move data out of the Python file.",
        )
    return None


def too_costly(reason: str) -> Unreadable:
    return Unreadable("file-too-costly", reason, hint="Simplify the file, or split it.")
