"""Writing the record, in the transaction that does what it tells of.

So nothing is done without its line, and no line tells of what was rolled back.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy.orm import Session

from taxiway.redaction import Secret, redact
from taxiway.server.caller import current_caller
from taxiway.server.database import AuditRow
from taxiway.server.request_id import current_request_id

HIDDEN = "***"


def record(
    session: Session,
    action: str,
    *,
    kind: str,
    id: str,
    name: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    who: str | None = None,
    request_id: str | None = None,
) -> AuditRow:
    """Add a line, such as `workflow.deploy`, to the record.

    `before` and `after` are plain data: what differs, by field. `who` and `request_id` are only
    given by what works after its request was answered; else they are those of the one at hand.
    """
    row = AuditRow(
        action=action,
        kind=kind,
        subject_id=id[:255],
        name=redact(name)[:500],
        before=_plain(before),
        after=_plain(after),
        who=(who or current_user())[:255],
        client=current_caller(),
        request_id=request_id or current_request_id() or None,
    )
    session.add(row)
    return row


def current_user() -> str:
    """`local:<user of the machine>`: there are no accounts, and only this machine gets in."""
    return f"local:{_user()}"


@cache
def _user() -> str:
    uid = os.geteuid()
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _plain(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if values is None else {name: _safe(value) for name, value in values.items()}


def _safe(value: Any) -> Any:
    """`value` as JSON has it, with nothing in it that must not be kept."""
    match value:
        case Secret():
            return HIDDEN
        case None | bool() | int() | float():
            return value
        case str():
            return redact(value)
        case Mapping():
            return {str(key): _safe(inner) for key, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_safe(inner) for inner in value]
        case _:
            return redact(str(value))
