"""Small values as tagged JSON: what JSON, or a database that keeps JSON, would change."""

from __future__ import annotations

import math
from binascii import a2b_base64, b2a_base64

from .outbox import TAG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_SAFE_INTEGER = 2**53
# Of the standard library, by the text that makes them again; imported where one comes along.
_TEXTS = {
    ("datetime", "datetime"): "isoformat",
    ("datetime", "date"): "isoformat",
    ("datetime", "time"): "isoformat",
    ("decimal", "Decimal"): "__str__",
    ("uuid", "UUID"): "__str__",
    ("fractions", "Fraction"): "__str__",
    ("pathlib", "PurePosixPath"): "__str__",
}


def integer(value: int) -> Any:
    return value if abs(value) <= _SAFE_INTEGER else {TAG: "int", "text": hex(value)}


def real(value: float) -> Any:
    """Infinities and NaN are no JSON; PostgreSQL's JSON makes an integer of 1e22, and 0 of -0.0."""
    text = repr(value)
    risky = not math.isfinite(value) or "e" in text or text == "-0.0"
    return {TAG: "float", "text": text} if risky else value


def string(value: str) -> Any:
    """PostgreSQL's JSON has no NUL, and UTF-8 has no lone surrogates."""
    if "\0" not in value and (value.isascii() or not any("\ud800" <= c <= "\udfff" for c in value)):
        return value
    raw = value.encode("utf-8", "surrogatepass")
    return {TAG: "str", "text": b2a_base64(raw, newline=False).decode("ascii")}


def octets(value: bytes) -> Any:
    return {TAG: "bytes", "text": b2a_base64(value, newline=False).decode("ascii")}


def complex_number(value: complex) -> Any:
    return {TAG: "complex", "text": f"{value.real!r} {value.imag!r}"}


def is_plain_key(key: Any) -> bool:
    return type(key) is str and not key.startswith("__") and string(key) is key


def of_library(value: Any) -> dict[str, Any] | None:
    """A date, a decimal and the like; None for what is none of them, or more than its text."""
    kind = type(value)
    if (kind.__module__, kind.__qualname__) == ("datetime", "timedelta"):
        text = f"{value.days} {value.seconds} {value.microseconds}"
        return {TAG: "timedelta", "text": text}
    how = _TEXTS.get((kind.__module__.removeprefix("_py"), kind.__qualname__))
    if how is None or getattr(value, "fold", False) or not _has_plain_zone(value):
        return None
    text = getattr(value, how)()
    return {TAG: "made", "type": f"{kind.__module__}:{kind.__qualname__}", "text": text}


def _has_plain_zone(value: Any) -> bool:
    """A named time zone is more than its offset."""
    zone = getattr(value, "tzinfo", None)
    return zone is None or (type(zone).__name__ == "timezone" and zone.tzname(None)[:3] == "UTC")


def parse(encoded: dict[str, Any], kind: str) -> Any:
    if kind == "made":
        module, _, name = encoded["type"].partition(":")
        if (module.removeprefix("_py"), name) not in _TEXTS:
            raise ValueError(encoded["type"])
        made = getattr(__import__(module), name)
        text = encoded["text"]
        return made.fromisoformat(text) if hasattr(made, "fromisoformat") else made(text)
    return _PARSED[kind](encoded["text"])


def _timedelta(text: str) -> Any:
    from datetime import timedelta  # noqa: PLC0415

    days, seconds, microseconds = map(int, text.split())
    return timedelta(days, seconds, microseconds)


def _complex(text: str) -> complex:
    real_part, imaginary = map(float, text.split())
    return complex(real_part, imaginary)


SCALARS: dict[type, Callable[[Any], Any]] = {
    int: integer,
    float: real,
    str: string,
    bytes: octets,
    complex: complex_number,
}
_PARSED: dict[str, Callable[[str], Any]] = {
    "int": lambda text: int(text, 16),
    "float": float,
    "complex": _complex,
    "timedelta": _timedelta,
    "str": lambda text: a2b_base64(text).decode("utf-8", "surrogatepass"),
    "bytes": a2b_base64,
}
