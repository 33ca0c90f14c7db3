"""What can be done with credentials: the rules, without SQL and without HTTP."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from sqlalchemy.orm import Session

from taxiway.errors import Conflict, Invalid, NotFound, Problem
from taxiway.git.access import Credential
from taxiway.redaction import Secret
from taxiway.server.audit.record import record
from taxiway.server.caller import current_caller
from taxiway.server.credentials import queries
from taxiway.server.credentials.hosts import parse_host
from taxiway.server.credentials.listing import CredentialQuery
from taxiway.server.credentials.schemas import (
    CredentialCreate,
    CredentialResponse,
    CredentialUpdate,
    UsingWorkflow,
)
from taxiway.server.credentials.ssh_keys import make_pair, read_pair
from taxiway.server.database import CredentialRow, now
from taxiway.server.database.tables import new_id
from taxiway.server.fields import check_read_only
from taxiway.server.paging import Page
from taxiway.server.vault.rotation import owner_of
from taxiway.server.vault.start import register
from taxiway.server.vault.vault import Vault, key_of
from taxiway.server.versions import Version, version_of

_EDITABLE = ("name", "username")


def get(session: Session, credential_id: str, *, lock: bool = False) -> CredentialRow:
    """The credential; `NotFound` (`credential-not-found`)."""
    row = queries.find(session, credential_id, lock=lock)
    if row is None:
        raise NotFound(
            "credential-not-found",
            f"There is no credential {credential_id[:100]}",
            hint="GET /api/v1/credentials lists them.",
        )
    return row


def create(session: Session, given: CredentialCreate, vault: Vault) -> CredentialRow:
    host, port = parse_host(given.host)
    if given.port is not None and port not in (None, given.port):
        raise _refused("host-refused", "host names another port than port", "/port")
    row = CredentialRow(
        id=new_id(),
        name=given.name or host,
        kind=given.kind,
        host=host,
        port=given.port or port,
        username=given.username,
    )
    if given.kind == "ssh" and given.username is not None:
        raise _refused("username-refused", "Over ssh the user is part of the address", "/username")
    _put_secret(session, row, given.secret, given.passphrase, vault)
    _mark_edited(row)
    session.add(row)
    session.flush()
    record(session, "credential.create", **subject_of(row), after=_shown(row))
    return row


def update(
    session: Session,
    credential_id: str,
    given: CredentialUpdate,
    vault: Vault,
    if_match: str | None,
) -> CredentialRow:
    """Change what is given. A new secret takes the place of the old one at once."""
    row = get(session, credential_id, lock=True)
    if if_match is not None:
        version(session, row).require(if_match, _EDITABLE)
    check_read_only("credential", row, given, ("id", "kind", "host", "port"))
    before = _shown(row)
    if given.name is not None:
        row.name = given.name
    if "username" in given.model_fields_set and given.username != row.username:
        if row.kind == "ssh":
            raise _refused(
                "username-refused", "Over ssh the user is part of the address", "/username"
            )
        row.username = given.username
    if given.secret is not None:
        _put_secret(session, row, given.secret, given.passphrase, vault)
    if _shown(row) != before or given.secret is not None:
        _mark_edited(row)
        record(session, "credential.update", **subject_of(row), before=before, after=_shown(row))
        session.flush()
    return row


def delete(session: Session, credential_id: str, if_match: str | None) -> None:
    """Forget the secret; `Conflict` (`credential-in-use`) while a workflow uses it."""
    row = get(session, credential_id, lock=True)
    if if_match is not None:
        version(session, row).require(if_match)
    users = queries.using(session, [row.id]).get(row.id, [])
    if users:
        names = [name for _, name in users]
        raise Conflict(
            "credential-in-use",
            f"{row.name} is used by {len(names)} workflows: {', '.join(names[:10])}",
            hint="Give those another credential first, or git_auth_type none.",
            workflows=[workflow_id for workflow_id, _ in users],
        )
    record(session, "credential.delete", **subject_of(row), before=_shown(row))
    session.delete(row)


def _put_secret(
    session: Session,
    row: CredentialRow,
    secret: Secret | None,
    passphrase: Secret | None,
    vault: Vault,
) -> None:
    if row.kind == "ssh":
        pair = make_pair() if secret is None else read_pair(secret, passphrase)
        kept, row.public_key, row.fingerprint = pair.private, pair.public, pair.fingerprint
    else:
        kept = _token(secret, passphrase)
        row.fingerprint = _fingerprint(row.host, kept)
    register(session, vault)
    row.secret = vault.seal(owner_of(row.id), kept)
    row.key_id = key_of(row.secret)


def _token(secret: Secret | None, passphrase: Secret | None) -> Secret:
    if passphrase is not None:
        raise _refused("passphrase-refused", "A token has no passphrase", "/passphrase")
    text = secret.reveal().strip() if secret else ""
    if not text or not text.isprintable():
        raise _refused("secret-refused", "A token is one line of text, and not empty", "/secret")
    return Secret(text)


def _refused(code: str, message: str, place: str) -> Invalid:
    return Invalid(code, message, problems=[Problem(code, message, place)])


def _fingerprint(host: str, token: Secret) -> str:
    """Slow to compute on purpose: a weak token must not be found by trying."""
    data = token.reveal().encode("utf-8", "surrogatepass")
    digest = hashlib.scrypt(data, salt=host.encode(), n=1 << 14, r=8, p=1, dklen=12)
    return "scrypt:" + base64.b64encode(digest).decode()


def _mark_edited(row: CredentialRow) -> None:
    row.edited_at = row.updated_at = now()
    row.edited_by = current_caller()


def subject_of(row: CredentialRow) -> dict[str, Any]:
    """What a line of the record says that it is about."""
    return {"kind": "credential", "id": row.id, "name": row.name}


def _shown(row: CredentialRow) -> dict[str, Any]:
    names = ("name", "kind", "host", "port", "username", "fingerprint", "public_key")
    return {name: getattr(row, name) for name in names}


def opened(row: CredentialRow, vault: Vault) -> Credential:
    """The credential with its secret, for the Git layer and nobody else."""
    return Credential(
        id=row.id,
        kind="ssh" if row.kind == "ssh" else "token",
        host=row.host,
        username=row.username,
        secret=vault.open(owner_of(row.id), row.secret),
        port=row.port,
    )


def list_page(session: Session, asked: CredentialQuery) -> Page[CredentialResponse]:
    found = queries.page(session, asked)
    return Page(
        items=_responses(session, found.rows), next_cursor=found.next_cursor, total=found.total
    )


def respond(session: Session, row: CredentialRow) -> CredentialResponse:
    return _responses(session, [row])[0]


def _responses(session: Session, rows: list[CredentialRow]) -> list[CredentialResponse]:
    users = queries.using(session, [row.id for row in rows])
    return [
        CredentialResponse(
            **{
                name: getattr(row, name)
                for name in CredentialResponse.model_fields
                if name != "workflows"
            },
            workflows=[UsingWorkflow(id=i, name=name) for i, name in users.get(row.id, [])],
        )
        for row in rows
    ]


def version(session: Session, row: CredentialRow) -> Version:
    values = respond(session, row).model_dump(mode="json")
    declared = {name: values.pop(name) for name in _EDITABLE}
    return version_of(
        f"The credential {row.name}",
        declared,
        values,
        edited_at=row.edited_at,
        edited_by=row.edited_by,
    )
