"""The JSON Schema of what a function is given by name, from its signature."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import griffe

from taxiway.functions import classes
from taxiway.functions.model import Parameter
from taxiway.functions.types import MISSING, Annotation, Schema, Types, canonical

DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(func: griffe.Function, parameters: Sequence[Parameter]) -> tuple[Schema, list[str]]:
    """The schema of its params, and what could not be told. `context` is not a param."""
    types = Types(func.module, classes.define)
    properties: dict[str, Schema] = {}
    required: list[str] = []
    rest: Any = False
    for entry, parameter in zip(func.parameters, parameters, strict=True):
        if parameter.kind == "var-positional":
            continue
        if parameter.kind == "var-keyword":
            rest = _rest(types, entry.annotation, parameter, properties)
            continue
        if parameter.name == "context":
            continue
        properties[parameter.name] = _property(types, entry, parameter)
        if parameter.is_required:
            required.append(parameter.name)
    made: Schema = {
        "$schema": DRAFT,
        "title": func.name,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": rest,
    }
    if types.definitions:
        made["$defs"] = types.definitions
    return made, types.unclear


def _property(types: Types, entry: griffe.Parameter, parameter: Parameter) -> Schema:
    schema = types.of(entry.annotation, parameter.name)
    if parameter.description:
        schema = {**schema, "description": parameter.description}
    default = types.constant(entry.default) if parameter.has_default else MISSING
    if default is MISSING:
        return schema
    if default is None:
        schema = _or_null(schema)
    return {**schema, "default": default}


def _or_null(schema: Schema) -> Schema:
    """`x: int = None` means an int or None."""
    null = {"type": "null"}
    is_open = not schema.keys() - {"description"}
    if is_open or null in (schema, *schema.get("anyOf", ())) or None in schema.get("enum", ()):
        return schema
    described = {"description": schema["description"]} if "description" in schema else {}
    plain = {key: value for key, value in schema.items() if key != "description"}
    return {"anyOf": [*plain.get("anyOf", [plain]), null], **described}


def _rest(
    types: Types, annotation: Annotation, parameter: Parameter, properties: dict[str, Schema]
) -> Any:
    """What `**kwargs` lets in: anything, one type, or the keys of a TypedDict."""
    if annotation is None or parameter.name == "context":
        return True
    if (
        isinstance(annotation, griffe.ExprSubscript)
        and canonical(annotation.left) == "typing.Unpack"
    ):
        made = types.of(annotation.slice, parameter.name)
        keys = types.definitions.get(made.get("$ref", "").rpartition("/")[2], {})
        properties.update(keys.get("properties", {}))
        return not keys
    return types.of(annotation, parameter.name) or True
