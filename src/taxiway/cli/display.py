"""What commands show: data on stdout, as tables or JSON; all else on stderr.

Tables can be read without colour, and fold what is long: nothing is cut off. Text that others
wrote cannot steer the terminal.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

STYLES = {
    **dict.fromkeys(("success", "ready", "ok", "yes"), "green"),
    **dict.fromkeys(("failed", "fail", "upstream_failed"), "red"),
    **dict.fromkeys(("running", "publishing", "preparing"), "cyan"),
    **dict.fromkeys(("canceled", "up_for_retry", "warn"), "yellow"),
}
_WHOLE = (
    "state",
    "release",
    "run",
    "commit",
    "number",
    "try",
    "time",
    "begun (UTC)",
    "check",
    "action",
)


def data(value: Any) -> None:
    """JSON for programs."""
    typer.echo(json.dumps(value, indent=2))


def line(value: Any) -> None:
    """One JSON document a line, for programs that read on while it comes."""
    typer.echo(json.dumps(value))


def text(value: str) -> None:
    """Text as it is, but for what would steer the terminal."""
    typer.echo(plain(value), nl=False)


def note(text: str) -> None:
    """A line for people that is no data."""
    typer.echo(text, err=True)


def table(headings: Sequence[str], rows: Iterable[Sequence[Any]], *, empty: str = "") -> None:
    """A table; where there is no row, `empty` is said instead."""
    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in headings:
        shown.add_column(heading, overflow="fold", no_wrap=heading in _WHOLE)
    for row in rows:
        shown.add_row(*map(cell, row))
    if not shown.row_count and empty:
        note(empty)
        return
    _stdout().print(shown)


def fields(pairs: Iterable[tuple[str, Any]]) -> None:
    """One thing, field by field; those without a value are left out."""
    shown = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    shown.add_column(no_wrap=True)
    shown.add_column(overflow="fold")
    for name, value in pairs:
        if value not in (None, "", [], {}):
            shown.add_row(cell(name), cell(value))
    _stdout().print(shown)


def cell(value: Any) -> Text:
    """A value as people read it; a word for a state has its colour."""
    if isinstance(value, bool):
        value = "yes" if value else "no"
    elif isinstance(value, dict):
        value = json.dumps(value, ensure_ascii=False)
    elif isinstance(value, list | tuple):
        value = ", ".join(map(str, value))
    text = "" if value is None else plain(str(value))
    return Text(text, style=STYLES.get(text, ""))


def plain(text: str) -> str:
    """`text` without what steers a terminal."""
    return "".join(
        c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text
    )


def moment(text: str | None) -> str:
    """A time of the API, to the second, in UTC."""
    if not text:
        return ""
    return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def seconds(value: float | None) -> str:
    """A duration, short."""
    if value is None:
        return ""
    if value < 60:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02} min"


def between(begun: str | None, ended: str | None) -> float | None:
    """Seconds between two times of the API."""
    if not begun or not ended:
        return None
    return (datetime.fromisoformat(ended) - datetime.fromisoformat(begun)).total_seconds()


class Progress:
    """What is being done now: one line that changes in a terminal, and nothing elsewhere."""

    def __init__(self, console: Console) -> None:
        self._status = console.status("") if console.is_terminal else None

    def say(self, text: str) -> None:
        if self._status is not None:
            self._status.update(Text(text))
            self._status.start()

    def end(self) -> None:
        if self._status is not None:
            self._status.stop()


@contextmanager
def progress() -> Iterator[Progress]:
    shown = Progress(Console(stderr=True))
    try:
        yield shown
    finally:
        shown.end()


def _stdout() -> Console:
    return Console(highlight=False, markup=False, emoji=False)
