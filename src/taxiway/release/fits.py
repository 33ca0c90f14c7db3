"""Whether a value is of the type that an annotation asks for, by its JSON Schema.

Knows what `taxiway.functions` writes, and lets pass what it does not know.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

Schema = Mapping[str, Any]

_DEPTH = 40
_TYPES: dict[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "boolean": (bool,),
    "array": (list, tuple),
    "object": (dict,),
    "null": (type(None),),
}
_NOUNS = {
    "integer": "an integer",
    "number": "a number",
    "string": "a text",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_FORMATS = {
    "date": date.fromisoformat,
    "date-time": datetime.fromisoformat,
    "time": time.fromisoformat,
    "uuid": UUID,
}


def misfits(value: Any, schema: Any, whole: Schema, place: str = "") -> list[str]:
    """What is wrong with `value`, as `[0].name is "x", and has to be an integer`; nothing where
    it fits. `whole` is the schema that has the `$defs`."""
    return list(_misfits(value, schema, whole, place, 0))


def _misfits(value: Any, schema: Any, whole: Schema, place: str, depth: int) -> Iterator[str]:
    if depth > _DEPTH or not isinstance(schema, Mapping):
        return
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        yield from _misfits(value, whole.get("$defs", {}).get(name), whole, place, depth + 1)
        return
    if "anyOf" in schema:
        tries = [list(_misfits(value, one, whole, place, depth + 1)) for one in schema["anyOf"]]
        if all(tries):
            yield _said(value, place, described(schema, whole))
        return
    if "enum" in schema and not any(_same(value, one) for one in schema["enum"]):
        yield _said(value, place, described(schema, whole))
        return
    kinds = schema.get("type")
    kinds = [kinds] if isinstance(kinds, str) else kinds or []
    if kinds and not any(_is(value, kind) for kind in kinds):
        yield _said(value, place, described(schema, whole))
        return
    if isinstance(value, str) and not _has_format(value, schema.get("format")):
        yield _said(value, place, described(schema, whole))
    elif isinstance(value, list | tuple):
        yield from _items(list(value), schema, whole, place, depth)
    elif isinstance(value, dict):
        yield from _members(value, schema, whole, place, depth)


def _items(
    value: list[Any], schema: Schema, whole: Schema, place: str, depth: int
) -> Iterator[str]:
    least, most = schema.get("minItems", 0), schema.get("maxItems", len(value))
    if not least <= len(value) <= most:
        yield f"{place or 'it'} has {len(value)} items, and has to have {least}"
        return
    first = schema.get("prefixItems", [])
    for number, item in enumerate(value):
        one = first[number] if number < len(first) else schema.get("items")
        yield from _misfits(item, one, whole, f"{place}[{number}]", depth + 1)


def _members(
    value: dict[str, Any], schema: Schema, whole: Schema, place: str, depth: int
) -> Iterator[str]:
    known, rest = schema.get("properties", {}), schema.get("additionalProperties", True)
    for name in schema.get("required", []):
        if name not in value:
            yield f"{place or 'it'} lacks {name}"
    for name, item in value.items():
        inside = f"{place}.{name}" if place else name
        if name in known:
            yield from _misfits(item, known[name], whole, inside, depth + 1)
        elif rest is False:
            yield f"{inside} is unknown: {', '.join(known) or 'nothing'} can stand there"
        else:
            yield from _misfits(item, rest, whole, inside, depth + 1)


def described(schema: Any, whole: Schema, depth: int = 0) -> str:
    """What a schema asks for, in words: `an integer or null`."""
    if depth > 5 or not isinstance(schema, Mapping):
        return "something else"
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        found = whole.get("$defs", {}).get(name, {})
        return described(found, whole, depth + 1) if "enum" in found else name
    if "anyOf" in schema:
        return " or ".join(
            dict.fromkeys(described(one, whole, depth + 1) for one in schema["anyOf"])
        )
    if "enum" in schema:
        return "one of " + ", ".join(map(_shown, schema["enum"]))
    if schema.get("format") in _FORMATS:
        return f"a {schema['format']} as text"
    kinds = schema.get("type", "something else")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    return " or ".join(_NOUNS.get(kind, kind) for kind in kinds)


def _is(value: Any, kind: str) -> bool:
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    if isinstance(value, bool):  # which Python counts as an int
        return kind == "boolean"
    return isinstance(value, _TYPES.get(kind, (object,)))


def _same(value: Any, other: Any) -> bool:
    return bool(value == other) and isinstance(value, bool) == isinstance(other, bool)


def _has_format(value: str, name: str | None) -> bool:
    read = _FORMATS.get(name or "")
    if read is None:
        return True
    try:
        read(value)
    except ValueError:
        return False
    return True


def _said(value: Any, place: str, wanted: str) -> str:
    return f"{place or 'it'} is {_shown(value)}, and has to be {wanted}"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}…"
