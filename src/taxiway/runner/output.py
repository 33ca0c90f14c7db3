"""Bytes that a task prints become lines of a log."""

from __future__ import annotations

LIMIT = 16_384  # bytes; a longer line goes on in the next
_COMMANDS = ("::group::", "::endgroup::")  # Airflow's log view folds at these
_BLANK = b" \t"


class LineSplitter:
    """Feed it bytes as they come, cut anywhere; it gives back whole lines.

    A carriage return without a newline is a progress bar drawing over itself: one of those
    states a second is kept, and the last.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._rest = b""
        self._drawn = b""  # the last state that was not shown
        self._shown_at = float("-inf")

    def feed(self, data: bytes, now: float) -> list[str]:
        lines: list[bytes] = []
        *whole, rest = (self._rest + data).split(b"\n")
        for part in whole:
            lines += self._end_line(part.removesuffix(b"\r"), now)
        self._rest = self._thin(rest, lines, now)
        lines += self._cut()
        return [clean(line) for line in lines]

    def finish(self) -> list[str]:
        """What is left when the stream has ended."""
        rest, self._rest = self._rest.removesuffix(b"\r"), b""
        last = rest.rpartition(b"\r")[2]
        lines = [last] if last.strip(_BLANK) else [self._drawn] if self._drawn else []
        self._drawn = b""
        return [clean(piece) for line in lines for piece in self._pieces(line)]

    def _end_line(self, part: bytes, now: float) -> list[bytes]:
        lines: list[bytes] = []
        last = self._thin(part, lines, now)
        if not last.strip(_BLANK) and self._drawn:
            last = self._drawn
        self._drawn = b""
        if last or not lines:
            lines += self._pieces(last)
        return lines

    def _thin(self, part: bytes, lines: list[bytes], now: float) -> bytes:
        """Show or keep what `part` draws over; return what comes after its last return.

        A return at the very end stays: a newline may follow it.
        """
        *states, last = part.split(b"\r")
        if states and not last:
            last = states.pop() + b"\r"
        for state in filter(lambda s: s.strip(_BLANK), states):
            if now - self._shown_at >= 1:
                lines += self._pieces(state)
                self._shown_at, self._drawn = now, b""
            else:
                self._drawn = state
        return last

    def _cut(self) -> list[bytes]:
        """Do not hoard a line without an end."""
        if len(self._rest) <= self._limit:
            return []
        *whole, self._rest = self._pieces(self._rest)
        return whole

    def _pieces(self, line: bytes) -> list[bytes]:
        pieces = []
        while len(line) > self._limit:
            end = self._limit
            while end > self._limit - 4 and line[end] & 0xC0 == 0x80:  # not inside a character
                end -= 1
            pieces.append(line[:end])
            line = line[end:]
        return [*pieces, line]


def clean(line: bytes) -> str:
    """One line as text: undecodable bytes are shown as escapes, log commands do nothing."""
    text = line.decode("utf-8", "backslashreplace").replace("\0", "\\x00").replace("\r", "")
    return harmless(text)


def harmless(text: str) -> str:
    for command in _COMMANDS:
        text = text.replace(command, ":: " + command[2:])
    return text
