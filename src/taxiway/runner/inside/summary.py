"""What is told of a value beside it: made when it is written, and all that is ever shown of it."""

from __future__ import annotations

from .outbox import TAG, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_MOST_METRICS = 200
_MOST_PARTS = 100
_DEPTH = 5
_NAME = 255


def summarise(value: Any, encoded: Any, *, has_parts: bool) -> dict[str, Any]:
    """`encoded` is what the value became, before it was written anywhere as JSON. It is not
    searched for files where it `has_parts` not."""
    told: dict[str, Any] = {"type": type_name(value)}
    if isinstance(encoded, dict) and encoded.get(TAG) == "value":
        told |= {name: encoded[name] for name in ("format", "size")} | encoded["summary"]
    elif isinstance(encoded, dict) and encoded.get(TAG) == "scalar":
        told |= {"dtype": str(encoded["dtype"]), "shown": encoded["shown"]}
    elif hasattr(value, "__len__"):
        told["length"] = len(value)
    metrics = dict(_numbers(encoded, ()))
    if metrics:
        told["metrics"] = metrics
    if has_parts:
        found = zip(_parts(encoded, "", 0), range(_MOST_PARTS), strict=False)
        told |= {"parts": parts} if (parts := [part for part, _ in found if part["place"]]) else {}
    return told


def _numbers(encoded: Any, above: tuple[str, ...]) -> Iterator[tuple[str, float]]:
    """Finite numbers by their names, `metrics.accuracy`; a number that stands alone is `value`."""
    found: list[tuple[str, float]] = []

    def look(here: Any, names: tuple[str, ...]) -> None:
        if len(found) >= _MOST_METRICS or len(names) > _DEPTH:
            return
        number = _number(here)
        if number is not None:
            name = ".".join(names) or "value"
            if len(name) <= _NAME:
                found.append((name, number))
        elif isinstance(here, dict) and TAG not in here:
            for name, item in here.items():
                look(item, (*names, name))
        elif isinstance(here, dict) and here[TAG] == "dataclass":
            for name, item in here["fields"].items():
                look(item, (*names, name))

    look(encoded, above)
    yield from found


def _number(encoded: Any) -> float | None:
    if type(encoded) in (int, float):
        return float(encoded)
    if not isinstance(encoded, dict):
        return None
    if encoded.get(TAG) == "scalar" and "value" in encoded:
        return float(encoded["value"])
    if encoded.get(TAG) == "float" and encoded["text"] not in ("nan", "inf", "-inf"):
        return float(encoded["text"])
    return None


def _parts(encoded: Any, place: str, depth: int) -> Iterator[dict[str, Any]]:
    """The files of a value, by the JSON pointer of where each stands in it."""
    if depth > _DEPTH * 2:
        return
    if isinstance(encoded, list):
        for number, item in enumerate(encoded):
            yield from _parts(item, f"{place}/{number}", depth + 1)
    if not isinstance(encoded, dict):
        return
    if encoded.get(TAG) == "value":
        yield {"place": place} | {k: encoded[k] for k in ("type", "format", "size", "summary")}
        return
    inner = encoded if TAG not in encoded else encoded.get("fields") or encoded.get("items") or {}
    items = inner.items() if isinstance(inner, dict) else enumerate(inner)
    for name, item in items:
        escaped = str(name).replace("~", "~0").replace("/", "~1")
        yield from _parts(item, f"{place}/{escaped}", depth + 1)
