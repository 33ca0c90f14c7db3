"""Dataclasses: their class by its name, their fields as values of their own."""

from __future__ import annotations

import importlib
from typing import Any

from .refusal import Refused


def rebuild(name: str, fields: dict[str, Any]) -> Any:
    """The object with these fields; its `__init__` does not run again."""
    module, _, path = name.partition(":")
    try:
        kind: Any = importlib.import_module(module)
        for part in path.split("."):
            kind = getattr(kind, part)
        value = kind.__new__(kind)
        for field, item in fields.items():
            object.__setattr__(value, field, item)
    except Exception as error:
        raise Refused(
            "TaskFailed",
            "value-not-readable",
            f"The value, a {module}.{path}, cannot be read here: {type(error).__name__}: {error}",
            "Its class must be importable in this task too: move it to a module that both import.",
        ) from None
    return value
