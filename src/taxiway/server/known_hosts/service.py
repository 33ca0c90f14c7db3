"""What can be done with known hosts."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from taxiway.errors import Conflict, Invalid, NotFound, Problem
from taxiway.server.audit.record import record
from taxiway.server.credentials.hosts import parse_host
from taxiway.server.credentials.ssh_keys import fingerprint, key_type
from taxiway.server.database import KnownHostRow, integrity_conflict
from taxiway.server.known_hosts import queries
from taxiway.server.known_hosts.listing import KnownHostQuery
from taxiway.server.known_hosts.schemas import KnownHostCreate, KnownHostResponse
from taxiway.server.paging import Page
from taxiway.server.versions import Version, version_of


def get(session: Session, known_host_id: str) -> KnownHostRow:
    """The known host; `NotFound` (`known-host-not-found`)."""
    row = queries.find(session, known_host_id)
    if row is None:
        raise NotFound(
            "known-host-not-found",
            f"There is no known host {known_host_id[:100]}",
            hint="GET /api/v1/known-hosts lists them.",
        )
    return row


def place_of(given: KnownHostCreate) -> tuple[str, int]:
    """The host and its port, 0 for any."""
    host, port = parse_host(given.host)
    if given.port is not None and port not in (None, given.port):
        raise refused("host-refused", "host names another port than port", "/port")
    return host, given.port or port or 0


def create(session: Session, given: KnownHostCreate, public_key: str) -> KnownHostRow:
    """Know `public_key` as one of the host; `Conflict` (`known-host-exists`)."""
    host, port = place_of(given)
    kind, key, print_ = read_key(public_key)
    row = KnownHostRow(
        host=host, port=port, key_type=kind, public_key=key, fingerprint=print_, note=given.note
    )
    session.add(row)
    with integrity_conflict(
        session, Conflict("known-host-exists", f"This key of {host} is known already")
    ):
        pass
    record(session, "known_host.create", **_subject(row), after=_shown(row))
    return row


def delete(session: Session, known_host_id: str, if_match: str | None) -> None:
    row = get(session, known_host_id)
    if if_match is not None:
        version(row).require(if_match)
    record(session, "known_host.delete", **_subject(row), before=_shown(row))
    session.delete(row)


def read_key(text: str) -> tuple[str, str, str]:
    """Kind, base64 and fingerprint of a public key as `ssh-keyscan` or a `.pub` file has it."""
    for word in text.split():
        try:
            return key_type(word), word, fingerprint(word)
        except (ValueError, UnicodeDecodeError):
            continue
    raise refused(
        "host-key-refused",
        "public_key is no public key of a host",
        "/public_key",
        hint="Give a line like `ssh-ed25519 AAAA…`, as `ssh-keyscan HOST` prints it.",
    )


def refused(code: str, message: str, place: str, hint: str = "") -> Invalid:
    return Invalid(code, message, hint=hint, problems=[Problem(code, message, place, hint)])


def _subject(row: KnownHostRow) -> dict[str, Any]:
    return {"kind": "known_host", "id": row.id, "name": row.host}


def _shown(row: KnownHostRow) -> dict[str, Any]:
    names = ("host", "port", "key_type", "fingerprint", "note")
    return {name: getattr(row, name) for name in names}


def list_page(session: Session, asked: KnownHostQuery) -> Page[KnownHostResponse]:
    found = queries.page(session, asked)
    return Page(
        items=[respond(row) for row in found.rows],
        next_cursor=found.next_cursor,
        total=found.total,
    )


def respond(row: KnownHostRow) -> KnownHostResponse:
    values = {name: getattr(row, name) for name in KnownHostResponse.model_fields}
    return KnownHostResponse(**{**values, "port": row.port or None})


def version(row: KnownHostRow) -> Version:
    return version_of(
        f"The known host {row.host}",
        {},
        respond(row).model_dump(mode="json"),
        edited_at=row.created_at,
        edited_by=None,
    )
