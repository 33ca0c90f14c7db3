"""Options that several verbs take, declared once: the fields of a dataclass.

A verb has one parameter of that dataclass; Typer, which knows only flat parameters, is shown one
for each field.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any, get_type_hints


def spread(command: Callable[..., Any]) -> Callable[..., Any]:
    """`command`, with the fields of its dataclasses as parameters of its own."""
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {
        name: hint for name, hint in hints.items() if dataclasses.is_dataclass(hint)
    }

    @functools.wraps(command)
    def run(**given: Any) -> Any:
        for name, kind in groups.items():
            given[name] = kind(**{each.name: given.pop(each.name) for each in _fields(kind)})
        return command(**given)

    flat = [
        each.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for name, parameter in inspect.signature(command).parameters.items()
        for each in (
            _parameters(groups[name])
            if name in groups
            else [parameter.replace(annotation=hints[name])]
        )
    ]
    run.__signature__ = inspect.Signature(flat)  # type: ignore[attr-defined]
    return run


def _parameters(kind: Any) -> Iterator[inspect.Parameter]:
    hints = get_type_hints(kind, include_extras=True)
    for each in _fields(kind):
        default = inspect.Parameter.empty if each.default is dataclasses.MISSING else each.default
        yield inspect.Parameter(
            each.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=default,
            annotation=hints[each.name],
        )


def _fields(kind: Any) -> tuple[dataclasses.Field[Any], ...]:
    return dataclasses.fields(kind)
