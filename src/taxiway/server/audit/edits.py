"""The lines of the record that tell of edits: the fields that differ, and no secret in them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from sqlalchemy import inspect
from sqlalchemy.orm import InstanceState, Session

from taxiway.server.audit.record import HIDDEN, record
from taxiway.server.database import TaskRow, WorkflowRow
from taxiway.server.notifications.address import NotifyAddress

_SILENT = {"edited_at", "edited_by", "created_at", "updated_at", "schedule_from", "id", "dag_id"}


def created(session: Session, row: WorkflowRow | TaskRow) -> None:
    """The caller has flushed it."""
    values = {name: value for name, value in _values(row, _columns(row)).items() if value}
    _line(session, row, "create", None, values)


def changed(session: Session, row: WorkflowRow | TaskRow) -> None:
    """Called before the flush: SQLAlchemy still knows what the fields were."""
    state = _state(row)
    before: dict[str, Any] = {}
    for name in _columns(row):
        history = state.attrs[name].history
        if history.has_changes() and list(history.deleted) != list(history.added):
            before[name] = history.deleted[0] if history.deleted else None
    if before:
        shown = {name: _shown(name, value) for name, value in before.items()}
        _line(session, row, "update", shown, _values(row, before))


def deleted(session: Session, row: WorkflowRow | TaskRow) -> None:
    values = {name: value for name, value in _values(row, _columns(row)).items() if value}
    _line(session, row, "delete", values, None)


def _state(row: WorkflowRow | TaskRow) -> InstanceState[Any]:
    return cast("InstanceState[Any]", inspect(row))


def _columns(row: WorkflowRow | TaskRow) -> list[str]:
    names = _state(row).mapper.column_attrs.keys()
    return [name for name in names if name not in _SILENT]


def _values(row: WorkflowRow | TaskRow, names: Iterable[str]) -> dict[str, Any]:
    return {name: _shown(name, getattr(row, name)) for name in names}


def _shown(name: str, value: Any) -> Any:
    if name == "env" and value:
        return dict.fromkeys(value, HIDDEN)
    if name == "notify_url" and value:
        return f"{NotifyAddress.parse(value).shown}/{HIDDEN}"
    return value


def _line(
    session: Session,
    row: WorkflowRow | TaskRow,
    verb: str,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> None:
    kind = "workflow" if isinstance(row, WorkflowRow) else "task"
    record(
        session,
        f"{kind}.{verb}",
        kind=kind,
        id=row.id,
        name=row.name,
        before=before,
        after=after,
    )
