"""Registering repositories and finding them again: the rules, without SQL and without HTTP."""

from __future__ import annotations

from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from taxiway.errors import Denied, Invalid, NotFound
from taxiway.git.access import KINDS_BY_SCHEME
from taxiway.git.url import RepositoryUrl
from taxiway.server.credentials import service as credentials
from taxiway.server.database import RepositoryRow, now
from taxiway.server.paging import Page
from taxiway.server.repositories import queries
from taxiway.server.repositories.listing import RepositoryQuery
from taxiway.server.repositories.schemas import RepositoryResponse


def get(session: Session, repository_id: str, *, lock: bool = False) -> RepositoryRow:
    """`NotFound` (`repository-not-found`)."""
    row = queries.find(session, repository_id, lock=lock)
    if row is None:
        raise NotFound(
            "repository-not-found",
            f"There is no repository {repository_id[:100]}",
            hint="GET /api/v1/repositories lists them; POST with a url registers one.",
        )
    return row


def register(
    session: Session, url: RepositoryUrl, credential_id: str | None = None
) -> tuple[RepositoryRow, bool]:
    """The repository at that address, and whether it is new. A credential that is given is the
    one that it is read with from now on; none changes nothing."""
    row = queries.find_by_key(session, url.key)
    is_new = row is None
    if row is None:
        row = RepositoryRow(key=url.key, url=url.text, git_credential_id=credential_id)
        try:
            with session.begin_nested():
                session.add(row)
        except IntegrityError:  # somebody else registered it just now
            row, is_new = queries.find_by_key(session, url.key), False
            assert row is not None
    if credential_id is not None and row.git_credential_id != credential_id:
        row.git_credential_id, row.updated_at = credential_id, now()
    session.flush()
    return row, is_new


def require_fitting(session: Session, url: RepositoryUrl, credential_id: str) -> None:
    """`Denied` (`credential-kind-mismatch`, `credential-host-mismatch`) when the credential would
    never be sent to `url`; `NotFound` (`credential-not-found`)."""
    row = credentials.get(session, credential_id)
    if KINDS_BY_SCHEME.get(url.scheme) != row.kind:
        raise Denied(
            "credential-kind-mismatch",
            f"A credential of kind {row.kind} cannot be used over {url.scheme}",
            hint=f"Use the repository's {'ssh' if row.kind == 'ssh' else 'https'} address.",
        )
    if row.host != url.host or row.port not in (None, url.port):
        raise Denied(
            "credential-host-mismatch",
            f"The credential is for {row.host}, and is not sent to {url.authority}",
            hint=f"Make a credential for {url.host}.",
        )


def register_workflow(
    session: Session, git_repository: str | None, credential_id: str | None = None
) -> None:
    """A workflow's URL registers itself, with its credential where the repository has none yet.
    One that cannot be used is told of by the deploy."""
    if not git_repository:
        return
    try:
        url = RepositoryUrl.parse(git_repository)
    except Invalid:
        return
    row, _ = register(session, url)
    if row.git_credential_id is None and credential_id is not None:
        register(session, url, credential_id)


def list_page(session: Session, asked: RepositoryQuery) -> Page[RepositoryResponse]:
    found = queries.page(session, asked)
    return Page(
        items=[RepositoryResponse.model_validate(row) for row in found.rows],
        next_cursor=found.next_cursor,
        total=found.total,
    )


def note_look(
    session: Session,
    repository_id: str,
    default_branch: str | None,
    problem: dict[str, Any] | None,
) -> RepositoryRow:
    """Remember what a look at the remote showed."""
    row = get(session, repository_id, lock=True)
    row.looked_at, row.problem = now(), problem
    if problem is None:
        row.default_branch = default_branch
    session.flush()
    return row
