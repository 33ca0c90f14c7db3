"""What the settings were at the last start, and what they are at this one."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from taxiway.server.audit import queries
from taxiway.server.audit.record import HIDDEN, record
from taxiway.server.settings import Settings

ACTION = "settings.change"


def record_settings(session: Session, settings: Settings) -> None:
    """A line where a setting differs from what the last line says; the first one names all.

    Settings that are never shown stand as `***`, so that only their coming and going is told.
    """
    last = queries.last_of(session, ACTION)
    now = _shown(settings)
    known: dict[str, Any] = {} if last is None else dict(last.after or {}).get("all", {})
    if known == now:
        return
    names = sorted(name for name in known.keys() | now.keys() if known.get(name) != now.get(name))
    record(
        session,
        ACTION,
        kind="settings",
        id="server",
        name="the server's settings",
        before={"changed": {name: known.get(name) for name in names}} if last else None,
        after={"changed": {name: now.get(name) for name in names}, "all": now},
    )


def _shown(settings: Settings) -> dict[str, Any]:
    values = settings.model_dump(mode="json")
    shown = {}
    for name, field in Settings.model_fields.items():
        value = values[name]
        shown[name] = HIDDEN if not field.repr and value else value
    return shown
