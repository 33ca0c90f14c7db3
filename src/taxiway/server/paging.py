"""Lists by cursor: a page holds its items, the cursor of the next page, and how many there are."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, Select, func, select, tuple_
from sqlalchemy.orm import Session

from taxiway.errors import Invalid

MAX_LIMIT = 200

Item = TypeVar("Item")

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="At most so many items.")]
Cursor = Annotated[
    str | None, Query(max_length=2000, description="`next_cursor` of the page before.")
]
Search = Annotated[
    str | None, Query(max_length=255, description="Only items whose name contains this text.")
]


class Page(BaseModel, Generic[Item]):
    """One page of a list."""

    items: list[Item] = Field(description="The items of this page.")
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page; null: end.")
    total: int = Field(description="How many items the whole list has.")


def encode_cursor(values: list[str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, length: int) -> list[str]:
    """What `encode_cursor` was given; `Invalid` (`cursor-refused`) for anything else."""
    try:
        raw = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
        values = json.loads(raw)
    except (binascii.Error, ValueError, RecursionError):
        values = None
    sound = isinstance(values, list) and len(values) == length
    if not sound or not all(isinstance(value, str) and "\x00" not in value for value in values):
        raise Invalid(
            "cursor-refused",
            "The cursor is not one that this list gave out",
            hint="Leave `cursor` out to start at the first page.",
        )
    return list(values)


def page_of(
    session: Session,
    statement: Select[Any],
    keys: tuple[Any, ...],
    *,
    limit: int,
    after: tuple[Any, ...] | None,
    descending: bool = False,
) -> tuple[list[Any], bool, int]:
    """The rows after `after` in the order of `keys`, whether more follow, and how many in all.

    Two queries, however long the list is.
    """
    total = session.scalar(select(func.count()).select_from(statement.subquery())) or 0
    if after is not None:
        position = tuple_(*keys)
        beyond: ColumnElement[bool] = position < after if descending else position > after
        statement = statement.where(beyond)
    order = [key.desc() for key in keys] if descending else list(keys)
    rows = list(session.scalars(statement.order_by(*order).limit(limit + 1)))
    return rows[:limit], len(rows) > limit, total
