"""The HTTP routes of credentials."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from taxiway.git.url import RepositoryUrl
from taxiway.server.audit.record import record
from taxiway.server.credentials import service
from taxiway.server.credentials.keyring import Keyrings
from taxiway.server.credentials.listing import CredentialQuery
from taxiway.server.credentials.schemas import (
    CredentialCreate,
    CredentialResponse,
    CredentialTest,
    CredentialTestResponse,
    CredentialUpdate,
)
from taxiway.server.credentials.trial import try_out
from taxiway.server.database import now
from taxiway.server.dependencies import DatabaseDep, Reading, SettingsDep, Writing
from taxiway.server.paging import Page
from taxiway.server.vault.vault import Vault
from taxiway.server.versions import NOT_MODIFIED, IfMatch, IfNoneMatch, unless_known

router = APIRouter(prefix="/api/v1/credentials", tags=["credentials"])

CredentialId = Annotated[str, Path(description="UUID of the credential.")]


def _vault(request: Request) -> Vault:
    vault: Vault = request.app.state.vault
    return vault


VaultDep = Annotated[Vault, Depends(_vault)]


@router.post("", status_code=201, operation_id="createCredential")
def create_credential(
    body: CredentialCreate, session: Writing, vault: VaultDep, response: Response
) -> CredentialResponse:
    """Keep a secret for one Git host. Without a secret, kind `ssh` makes an ed25519 pair:
    `public_key` is what the Git host wants."""
    row = service.create(session, body, vault)
    response.headers["Location"] = f"/api/v1/credentials/{row.id}"
    service.version(session, row).put(response)
    return service.respond(session, row)


@router.get("", operation_id="listCredentials")
def list_credentials(
    session: Reading, asked: Annotated[CredentialQuery, Query()]
) -> Page[CredentialResponse]:
    """Credentials by name; never their secrets."""
    return service.list_page(session, asked)


@router.get(
    "/{credential_id}",
    operation_id="getCredential",
    response_model=CredentialResponse,
    responses=NOT_MODIFIED,
)
def get_credential(
    credential_id: CredentialId,
    session: Reading,
    response: Response,
    if_none_match: IfNoneMatch = None,
) -> CredentialResponse | Response:
    """One credential, and which workflows use it."""
    row = service.get(session, credential_id)
    version = service.version(session, row)
    return unless_known(version, if_none_match, response) or service.respond(session, row)


@router.patch("/{credential_id}", operation_id="updateCredential")
def update_credential(
    credential_id: CredentialId,
    body: CredentialUpdate,
    session: Writing,
    vault: VaultDep,
    response: Response,
    if_match: IfMatch = None,
) -> CredentialResponse:
    """Change the fields that are given; a new secret replaces the old one at once."""
    row = service.update(session, credential_id, body, vault, if_match)
    service.version(session, row).put(response)
    return service.respond(session, row)


@router.delete("/{credential_id}", status_code=204, operation_id="deleteCredential")
def delete_credential(
    credential_id: CredentialId, session: Writing, if_match: IfMatch = None
) -> None:
    """Forget the secret; refused while a workflow uses it."""
    service.delete(session, credential_id, if_match)


@router.post("/{credential_id}/test", operation_id="testCredential")
def test_credential(
    credential_id: CredentialId,
    body: CredentialTest,
    database: DatabaseDep,
    settings: SettingsDep,
    vault: VaultDep,
) -> CredentialTestResponse:
    """Try it against a repository, and say what happened. It is sent to its own host only."""
    url = RepositoryUrl.parse(body.url)
    keyrings = Keyrings(database, vault, settings.git_policy())
    with database.reading() as session:
        credential = service.opened(service.get(session, credential_id), vault)
    policy = keyrings.for_repository(None, None, reader="a test")
    answer = try_out(credential, url, policy)
    with database.writing() as session:
        row = service.get(session, credential_id, lock=True)
        if answer.code not in ("credential-host-mismatch", "credential-kind-mismatch"):
            row.last_used_at, row.last_used_for = now(), url.text
        result = {"url": url.text, "ok": answer.ok, "code": answer.code}
        record(session, "credential.test", **service.subject_of(row), after=result)
    return answer
