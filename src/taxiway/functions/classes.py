"""Schemas of the classes that stand in the same file: enums, dataclasses and TypedDicts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import griffe

from taxiway.functions.docstrings import describe
from taxiway.functions.types import MISSING, Annotation, Schema, Types, canonical, value_of

_ENUMS = {f"enum.{name}" for name in ("Enum", "IntEnum", "StrEnum", "ReprEnum")}
_DICTS = ("typing.TypedDict",)
_DATACLASSES = ("dataclasses.dataclass", "pydantic.dataclasses.dataclass")
_NO_MATTER = {"object", "str", "int", "float", "abc.ABC", *_ENUMS, *_DICTS}
_NO_MATTER |= {"typing.Generic", "typing.Protocol"}


def define(types: Types, found: griffe.Class, place: str) -> Schema | None:
    """The schema of a class; None where its values are not told by its text."""
    lineage = list(_lineage(types, found))
    bases = {canonical(_plain(base)) for cls in lineage for base in cls.bases}
    described = describe(found.docstring)
    if bases & _ENUMS:
        made = _enum(types, found, "enum.StrEnum" in bases, place)
    elif bases & set(_DICTS):
        made = _record(types, lineage, place, is_dict=True)
    elif any(canonical_decorator(d) in _DATACLASSES for cls in lineage for d in cls.decorators):
        made = _record(types, lineage, place, is_dict=False)
    else:
        return None
    for base in bases - _NO_MATTER:
        if types.module.members.get(base.rpartition(".")[2]) not in lineage:
            types.leave_open(place, f"what it inherits from {base}")
    summary = described.doc.summary
    return {"title": found.name, **({"description": summary} if summary else {}), **made}


def canonical_decorator(decorator: griffe.Decorator) -> str:
    value = decorator.value
    return canonical(value.function if isinstance(value, griffe.ExprCall) else value)


def _plain(base: str | griffe.Expr) -> Annotation:
    return base.left if isinstance(base, griffe.ExprSubscript) else base


def _lineage(types: Types, found: griffe.Class) -> Iterator[griffe.Class]:
    """The class and those of this file that it inherits from, the farthest first."""
    seen: list[griffe.Class] = []
    waiting = [found]
    while waiting:
        here = waiting.pop(0)
        if here in seen:
            continue
        seen.append(here)
        bases = [types.member(_plain(base)) for base in here.bases]
        waiting += [base for base in bases if isinstance(base, griffe.Class)]
    return reversed(seen)


def _enum(types: Types, found: griffe.Class, are_texts: bool, place: str) -> Schema:
    values: list[Any] = []
    last: Any = 0
    for name, member in found.members.items():
        if not isinstance(member, griffe.Attribute) or member.value is None:
            continue
        if name.startswith("_") or member.annotation is not None or "property" in member.labels:
            continue
        value = value_of(member.value)
        if isinstance(member.value, griffe.ExprCall) and canonical(member.value.function) == "enum.auto":  # fmt: skip
            value = name.lower() if are_texts else (last + 1 if isinstance(last, int) else MISSING)
        if value is MISSING:
            return types.leave_open(place, f"the value of {name}")
        values.append(value)
        last = value
    return {"enum": values}


def _record(types: Types, lineage: list[griffe.Class], place: str, *, is_dict: bool) -> Schema:
    properties: dict[str, Schema] = {}
    required: dict[str, bool] = {}
    for cls in lineage:
        described = describe(cls.docstring).of
        for name, member in _fields(cls):
            schema = types.of(member.annotation, f"{place}.{name}")
            said = described.get(name) or (member.docstring.value if member.docstring else "")
            if said:
                schema = {**schema, "description": " ".join(said.split())}
            default = types.constant(member.value) if member.value is not None else MISSING
            properties[name] = schema if default is MISSING else {**schema, "default": default}
            required[name] = _is_key_required(cls, member) if is_dict else _is_required(member)
    needed = [name for name, is_needed in required.items() if is_needed]
    made: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**made, **({"required": needed} if needed else {})}


def _fields(cls: griffe.Class) -> Iterator[tuple[str, griffe.Attribute]]:
    for name, member in cls.members.items():
        if not isinstance(member, griffe.Attribute) or member.annotation is None:
            continue
        if "property" in member.labels or "instance-attribute" not in member.labels:
            continue
        if canonical(member.annotation) == "dataclasses.KW_ONLY" or _keyword(member.value, "init") == "False":  # fmt: skip
            continue
        yield name, member


def _is_required(member: griffe.Attribute) -> bool:
    value = member.value
    if isinstance(value, griffe.ExprCall) and canonical(value.function).endswith("field"):
        return not (_keyword(value, "default") or _keyword(value, "default_factory"))
    return value is None


def _is_key_required(cls: griffe.Class, member: griffe.Attribute) -> bool:
    outer = member.annotation
    if isinstance(outer, griffe.ExprSubscript):
        name = canonical(outer.left)
        if name in ("typing.Required", "typing.NotRequired"):
            return name == "typing.Required"
    return str(cls.keywords.get("total", "True")) != "False"


def _keyword(value: Annotation, name: str) -> str:
    if not isinstance(value, griffe.ExprCall):
        return ""
    given = [entry for entry in value.arguments if isinstance(entry, griffe.ExprKeyword)]
    return next((str(entry.value) for entry in given if entry.name == name), "")
