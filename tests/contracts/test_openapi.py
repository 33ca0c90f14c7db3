"""The OpenAPI document is whole, and is the one that is committed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from taxiway.server.documents import operations
from taxiway.server.idempotency.repeats import OPERATIONS
from taxiway.server.openapi import render

COMMITTED = Path(__file__).parents[2] / "docs" / "reference" / "openapi.json"


@cache
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(render())
    return found


def undescribed() -> Iterator[str]:
    for name, schema in document()["components"]["schemas"].items():
        fields = {name: schema, **schema.get("properties", {})}
        yield from (
            f"{name}.{key}" for key, value in fields.items() if not value.get("description")
        )
    for operation in operations(document()):
        named = {operation["operationId"]: operation}
        named |= {p["name"]: p for p in operation.get("parameters", ())}
        for key, value in named.items():
            if not value.get("description"):
                yield f"{operation['operationId']}: {key}"


def test_the_committed_document_is_that_of_the_routes() -> None:
    assert json.loads(COMMITTED.read_text()) == document(), "run make openapi"


def test_everything_has_a_description() -> None:
    assert list(undescribed()) == []


def test_operations_have_names_of_their_own() -> None:
    names = [operation["operationId"] for operation in operations(document())]
    assert len(names) == len(set(names)) > 20
    assert [name for name in names if not re.fullmatch(r"[a-z]+([A-Z][a-z]+)*", name)] == []
    assert set(names) >= set(OPERATIONS)


def test_every_body_has_an_example() -> None:
    for operation in operations(document()):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            assert content["example"], operation["operationId"]


def test_every_operation_says_how_it_is_refused() -> None:
    for operation in operations(document()):
        assert {"4XX", "5XX"} <= operation["responses"].keys(), operation["operationId"]
