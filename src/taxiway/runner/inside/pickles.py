"""Pickles: written and opened only in a task's own interpreter."""

from __future__ import annotations

import pickle
from typing import Any

from .refusal import Refused

_LOOKED_AT = 200  # parts of a value, when we look for the one that cannot be pickled


def pickle_to(file: Any, value: Any, place: str) -> None:
    try:
        pickle.Pickler(file, protocol=5).dump(value)
    except Exception as error:
        culprit, where = _find(value, place)
        raise Refused(
            "TaskFailed",
            "value-not-storable",
            f"{where} is a {_name(culprit)}, which cannot be stored: {error}",
            "Return what the next task needs of it: numbers, text, arrays, a fitted model.",
        ) from None


def unpickle(path: str, kind: str) -> Any:
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            return pickle.Unpickler(file).load()  # noqa: S301 - that is what this interpreter is for
    except Exception as error:
        raise Refused(
            "TaskFailed",
            "value-not-readable",
            f"The value, a {kind}, cannot be read here: {type(error).__name__}: {error}",
            "Its class must be importable in this task too: move it to a module that both import.",
        ) from None


def _name(value: Any) -> str:
    kind = type(value)
    return (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )


def _find(value: Any, place: str) -> tuple[Any, str]:
    """The innermost part of `value` that fails by itself, and where it is."""
    seen = {id(value)}
    while True:
        for part, where in _parts(value, place):
            if id(part) not in seen and len(seen) < _LOOKED_AT:
                seen.add(id(part))
                if not _can_pickle(part):
                    value, place = part, where
                    break
        else:
            return value, place


def _parts(value: Any, place: str) -> list[tuple[Any, str]]:
    if isinstance(value, dict):
        return [(item, f"{place}[{repr(key)[:60]}]") for key, item in value.items()]
    if isinstance(value, (list, tuple)):
        return [(item, f"{place}[{index}]") for index, item in enumerate(value)]
    attributes = getattr(value, "__dict__", None)
    if isinstance(attributes, dict) and not isinstance(value, type) and not callable(value):
        return [(item, f"{place}.{name}") for name, item in attributes.items()]
    return []


def _can_pickle(value: Any) -> bool:
    try:
        pickle.dumps(value, protocol=5)
    except Exception:
        return False
    return True
