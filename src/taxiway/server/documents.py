"""What the OpenAPI document says beyond the routes: problems, repeatable requests, examples."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from taxiway.server import problems
from taxiway.server.idempotency import repeats

_REPEATABLE = {
    "name": repeats.HEADER,
    "in": "header",
    "required": False,
    "description": "A new UUID for each new request; the same one to repeat it: it is carried out"
    " once, and repetitions get the first answer with `Idempotency-Replayed: true`.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}


def document(app: FastAPI) -> None:
    """Let `app.openapi` give the whole document."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _complete(generate())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _complete(found: dict[str, Any]) -> dict[str, Any]:
    schemas: dict[str, Any] = found.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(problems.openapi_schemas())
    for schema in schemas.values():  # a generic class does not hand its description on
        schema.setdefault("description", "One page of a list.")
    for operation in operations(found):
        if operation["operationId"] in repeats.OPERATIONS:
            operation.setdefault("parameters", []).append(_REPEATABLE)
        for content in operation.get("requestBody", {}).get("content", {}).values():
            content.setdefault("example", _example(content["schema"], schemas))
    return found


def operations(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in found["paths"].values():
        yield from path.values()


def _example(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    """The schema's own example, or one put together from those of its fields."""
    if "$ref" in schema:
        return _example(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    if schema.get("examples"):
        return schema["examples"][0]
    for option in schema.get("anyOf", ()):
        return _example(option, schemas)
    fields = schema.get("properties", {}).items()
    return {name: field["examples"][0] for name, field in fields if field.get("examples")}
