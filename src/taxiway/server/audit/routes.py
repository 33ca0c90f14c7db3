"""`/audit`."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from taxiway.server.audit import queries
from taxiway.server.audit.listing import AuditFilters, AuditQuery
from taxiway.server.database import Database
from taxiway.server.dependencies import DatabaseDep, Reading
from taxiway.server.paging import Page

router = APIRouter(prefix="/api/v1", tags=["audit"])

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class AuditResponse(BaseModel):
    """One thing that was done."""

    model_config = ConfigDict(from_attributes=True)

    id: str = Field(description="UUID of the line.")
    created_at: datetime = Field(description="When, UTC.")
    who: str = Field(
        description="Who: `local:<user of the machine>`; `taxiway:…` is the server by itself."
    )
    client: str | None = Field(description="What the client called itself.")
    request_id: str | None = Field(description="The request that did it; null: none did.")
    action: str = Field(description="What was done, like `workflow.rollback`.")
    kind: str = Field(description="The kind of the thing that it was done to.")
    subject_id: str = Field(description="The id of that thing.")
    name: str = Field(description="Its name then.")
    before: dict[str, Any] | None = Field(description="What differs, as it was; never a secret.")
    after: dict[str, Any] | None = Field(description="The same, as it is since.")


COLUMNS = tuple(AuditResponse.model_fields)


@router.get(
    "/audit",
    operation_id="listAudit",
    response_model=Page[AuditResponse],
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
def list_audit(
    session: Reading,
    database: DatabaseDep,
    asked: Annotated[AuditQuery, Query()],
    accept: Annotated[
        str | None, Header(max_length=1000, description="`text/csv`: the same as `format=csv`.")
    ] = None,
) -> Page[AuditResponse] | Response:
    """The record of what was done, newest first: it is only ever added to. As CSV all lines that
    match, in one table."""
    filters = AuditFilters(**asked.model_dump(exclude={"format"}))
    if asked.format == "csv" or (asked.format is None and _wants_csv(accept)):
        return StreamingResponse(
            _table(database, filters),
            media_type="text/csv; charset=utf-8; header=present",
            headers={"Content-Disposition": 'attachment; filename="taxiway-audit.csv"'},
        )
    found = queries.page(session, filters)
    return Page(
        items=[AuditResponse.model_validate(row) for row in found.rows],
        next_cursor=found.next_cursor,
        total=found.total,
    )


def _wants_csv(accept: str | None) -> bool:
    kinds = [part.partition(";")[0].strip().lower() for part in (accept or "").split(",")]
    return "text/csv" in kinds and "application/json" not in kinds


def _table(database: Database, asked: AuditFilters) -> Iterator[str]:
    yield _line(COLUMNS)
    with database.reading() as session:
        for row in queries.all_of(session, asked):
            yield _line([_cell(getattr(row, name)) for name in COLUMNS])


def _line(cells: tuple[str, ...] | list[str]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return json.dumps(value, sort_keys=True, ensure_ascii=False)
    text = str(value)
    # A spreadsheet would compute what begins so.
    return f"'{text}" if text.startswith(_FORMULA) else text
