"""Lists by cursor: a page holds its items, the cursor of the next page, and how many there are.

A cursor is the place of a page's last row in one order of one list. It is bound to that order and
to the filters: with others it would skip rows silently, so it is refused. Rows that are added or
removed meanwhile move no other row from one page to another.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, NoReturn, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, Integer, Select, func, literal, select, tuple_, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from taxiway.errors import Invalid
from taxiway.server.database.types import UtcDateTime

MAX_LIMIT = 200
COUNTED = 10_000

Item = TypeVar("Item")


class ListQuery(BaseModel):
    """What a request may ask of a list; each list adds its orders and its filters.

    `order_by` names a column, with `-` before it to go down. A parameter that does not exist is
    refused: a filter that is passed over answers with what was not asked for.
    """

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(50, ge=1, le=MAX_LIMIT, description="At most so many items.")
    cursor: str | None = Field(
        None,
        max_length=2000,
        description="`next_cursor` of the page before; all other parameters as they were there.",
    )
    order_by: str = Field("", description="The order; `-` before it turns it round.")

    @property
    def column(self) -> str:
        return self.order_by.removeprefix("-")

    @property
    def is_descending(self) -> bool:
        return self.order_by.startswith("-")

    def seal(self, scope: str) -> str:
        """Differs for each list, each order and each choice of filters."""
        filters = self.model_dump(mode="json", exclude={"limit", "cursor"}, exclude_defaults=True)
        text = json.dumps([scope, self.order_by, filters], sort_keys=True)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _moment(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("the moment is out of range") from None


Moment = Annotated[AwareDatetime, AfterValidator(_moment)]
Search = Annotated[
    str | None, Field(max_length=255, description="Only items whose name contains this text.")
]


class Page(BaseModel, Generic[Item]):
    """One page of a list."""

    items: list[Item] = Field(description="The items of this page.")
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page; null: end.")
    total: int | None = Field(
        description="How many items the whole list has; null: more than 10,000."
    )


@dataclass(frozen=True)
class Found(Generic[Item]):
    """The rows of one page."""

    rows: list[Item]
    next_cursor: str | None
    total: int | None


def page_of(
    session: Session,
    statement: Select[Item],
    keys: Sequence[InstrumentedAttribute[Any]],
    asked: ListQuery,
    *,
    scope: str = "",
    any_of: tuple[InstrumentedAttribute[Any], Sequence[str]] | None = None,
) -> Found[Item]:
    """The page that was asked for, in the order of `keys`, which together are unique. `scope`
    tells lists apart that are asked for alike.

    Two queries, however long the list is. `any_of` is a column and the values it may have. With
    several, each value's rows are read in order by themselves: no engine merges them, and either
    would sort all that match.
    """
    column, values = any_of or (keys[0], ())
    total = _count(session, statement.where(column.in_(values)) if values else statement)
    if asked.cursor:
        statement = statement.where(_beyond(keys, asked, scope))
    order = [key.desc() if asked.is_descending else key.asc() for key in keys]
    if values:
        parts = [
            statement.with_only_columns(keys[-1], maintain_column_froms=True)
            .where(column == value)
            .order_by(*order)
            .limit(asked.limit + 1)
            .subquery()
            for value in dict.fromkeys(values)
        ]
        statement = statement.where(keys[-1].in_(union_all(*[select(part) for part in parts])))
    rows = list(session.scalars(statement.order_by(*order).limit(asked.limit + 1)))
    more = len(rows) > asked.limit
    rows = rows[: asked.limit]
    return Found(rows, _encode(rows[-1], keys, asked.seal(scope)) if more else None, total)


def containing(
    session: Session, column: InstrumentedAttribute[str], text: str
) -> ColumnElement[bool]:
    """Rows whose column holds this text, in capitals or not. SQLite's LIKE passes over the case
    of the same letters as its lower(), which would be called for each row."""
    if session.get_bind().dialect.name == "sqlite":
        return column.contains(text, autoescape=True)
    return column.icontains(text, autoescape=True)


def page_of_values(
    values: Sequence[Item],
    key: Callable[[Item], Sequence[str]],
    asked: ListQuery,
    *,
    scope: str = "",
) -> Found[Item]:
    """The page of what is in no database: `values`, in the ascending order of their keys, which
    are texts and all differ."""
    place = place_of(asked, scope)
    first = bisect_right(values, place, key=lambda value: list(key(value))) if place else 0
    rows = list(values[first : first + asked.limit])
    more = first + len(rows) < len(values)
    cursor = cursor_of(asked, scope, key(rows[-1])) if more else None
    return Found(rows, cursor, len(values))


def cursor_of(asked: ListQuery, scope: str, place: Sequence[str]) -> str:
    """A cursor of that list at a place of it."""
    return _pack(asked.seal(scope), place)


def place_of(asked: ListQuery, scope: str, length: int | None = None) -> list[str] | None:
    """What `cursor_of` was given; None for the first page. `Invalid` (`cursor-refused`)."""
    if not asked.cursor:
        return None
    seal, *place = _decode(asked.cursor, length)
    if seal != asked.seal(scope):
        _refuse("The cursor was given out for another order or other filters of this list")
    return place


def _count(session: Session, statement: Select[Any]) -> int | None:
    """How many rows there are; None when there are too many to count for every page."""
    rows = statement.with_only_columns(literal(1), maintain_column_froms=True)
    some = rows.limit(COUNTED + 1).subquery()
    total = session.scalar(select(func.count()).select_from(some)) or 0
    return total if total <= COUNTED else None


def _encode(row: Any, keys: Sequence[InstrumentedAttribute[Any]], seal: str) -> str:
    values = [getattr(row, key.key) for key in keys]
    texts = [value.isoformat() if isinstance(value, datetime) else str(value) for value in values]
    return _pack(seal, texts)


def _pack(seal: str, texts: Sequence[str]) -> str:
    return base64.urlsafe_b64encode(json.dumps([seal, *texts]).encode()).decode().rstrip("=")


def _beyond(
    keys: Sequence[InstrumentedAttribute[Any]], asked: ListQuery, scope: str
) -> ColumnElement[bool]:
    texts = place_of(asked, scope, len(keys)) or []
    place: Any = [_value(key, text) for key, text in zip(keys, texts, strict=True)]
    position: Any = tuple_(*keys) if len(keys) > 1 else keys[0]
    place = tuple(place) if len(keys) > 1 else place[0]
    beyond: ColumnElement[bool] = position < place if asked.is_descending else position > place
    return beyond


def _decode(cursor: str, length: int | None) -> list[str]:
    try:
        raw = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
        values = json.loads(raw)
    except (binascii.Error, ValueError, RecursionError):
        values = None
    sound = isinstance(values, list) and values and length in (None, len(values) - 1)
    if not sound or not all(_is_text(value) for value in values):
        _refuse("The cursor is not one that this list gave out")
    return list(values)


def _is_text(value: Any) -> bool:
    """Whether both databases take it."""
    return (
        isinstance(value, str)
        and "\x00" not in value
        and not any("\ud800" <= character <= "\udfff" for character in value)
    )


def _value(key: InstrumentedAttribute[Any], text: str) -> Any:
    try:
        if isinstance(key.type, UtcDateTime):
            return datetime.fromisoformat(text).astimezone(UTC)
        if isinstance(key.type, Integer):
            return _number(text)
    except (ValueError, OverflowError):
        _refuse("The cursor is not one that this list gave out")
    return text


def _number(text: str) -> int:
    if len(text) > 9:
        raise ValueError(text)
    return int(text)


def _refuse(message: str) -> NoReturn:
    raise Invalid("cursor-refused", message, hint="Leave `cursor` out to start at the first page.")
