"""Which credential a workflow logs in with: what an edit of it means, and what must agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from taxiway.errors import Invalid, Problem
from taxiway.git.access import KINDS_BY_SCHEME
from taxiway.git.url import RepositoryUrl
from taxiway.server.credentials import queries
from taxiway.server.database import CredentialRow

AUTH_TYPES = ("none", "token", "ssh")
FIELDS = ("git_repository", "git_auth_type", "git_credential_id")


@dataclass(frozen=True)
class Login:
    """What a workflow has after an edit, and what a person should know of it."""

    auth_type: str
    credential_id: str | None
    notes: tuple[str, ...] = ()

    @property
    def values(self) -> dict[str, Any]:
        return {"git_auth_type": self.auth_type, "git_credential_id": self.credential_id}


def choose_login(
    session: Session, given: Mapping[str, Any], stored: Mapping[str, Any], *, is_new: bool
) -> Login:
    """The login after an edit that gives some of `FIELDS`, which were `stored`.

    - A credential brings its type along where none is given; the type `none` alone takes the
      credential off.
    - A repository that moves to where the credential is not for loses it, and a note says so.
    - What is given and does not agree is refused; what stays as it was is not looked at.
    """
    chosen = {name for name in given if is_new or given[name] != stored.get(name)}
    before = Login(stored["git_auth_type"], stored["git_credential_id"])
    if chosen.isdisjoint(FIELDS):
        return before
    url = _url(given.get("git_repository", stored["git_repository"]))
    after = _asked(session, given, before, chosen)
    if after.auth_type not in AUTH_TYPES:
        raise _refused(
            "auth-type-unknown",
            f"There is no git_auth_type {after.auth_type!r}",
            "/git_auth_type",
            f"One of: {', '.join(AUTH_TYPES)}.",
        )
    row = _credential(session, after)
    if row is None:
        return after
    if url is not None and not _is_for(row, url) and "git_credential_id" not in chosen:
        place = f"{row.host}:{row.port}" if row.port else row.host
        note = (
            f"The credential {row.name} is for {place} and was taken off: the repository is at"
            f" {url.authority or 'this machine'} now. git_auth_type is none."
        )
        return Login("none", None, (note,))
    _require_fit(row, url)
    return after


def _asked(session: Session, given: Mapping[str, Any], before: Login, chosen: set[str]) -> Login:
    auth_type = given.get("git_auth_type", before.auth_type)
    credential_id = given.get("git_credential_id", before.credential_id)
    if "git_credential_id" in chosen and "git_auth_type" not in given:
        row = queries.find(session, credential_id) if credential_id else None
        return Login(row.kind if row else "none", credential_id)
    if auth_type == "none" and "git_credential_id" not in chosen and credential_id:
        note = "The credential was taken off, because git_auth_type is none."
        return Login("none", None, (note,))
    return Login(auth_type, credential_id)


def _credential(session: Session, login: Login) -> CredentialRow | None:
    """The credential, which exists and is of the type that is named; None for type `none`."""
    if login.credential_id is None:
        if login.auth_type != "none":
            raise _refused(
                "credential-required",
                f"git_auth_type {login.auth_type} needs a git_credential_id",
                "/git_credential_id",
                "POST /api/v1/credentials makes one.",
            )
        return None
    row = queries.find(session, login.credential_id)
    if row is None:
        raise _refused(
            "credential-not-found",
            f"There is no credential {login.credential_id[:100]}",
            "/git_credential_id",
            "GET /api/v1/credentials lists them.",
        )
    if row.kind != login.auth_type:
        raise _refused(
            "auth-type-mismatch",
            f"git_auth_type is {login.auth_type}, and the credential {row.name} is of kind"
            f" {row.kind}",
            "/git_auth_type",
            f"Give git_auth_type {row.kind}, or leave it out.",
        )
    return row


def _is_for(row: CredentialRow, url: RepositoryUrl) -> bool:
    return row.host == url.host and row.port in (None, url.port)


def _require_fit(row: CredentialRow, url: RepositoryUrl | None) -> None:
    if url is None:
        return
    if not _is_for(row, url):
        place = f"{row.host}:{row.port}" if row.port else row.host
        raise _refused(
            "credential-host-mismatch",
            f"The credential {row.name} is for {place}, and the repository is at"
            f" {url.authority or 'this machine'}",
            "/git_credential_id",
            f"Use a credential for {url.authority}." if url.host else "Leave the credential out.",
        )
    if KINDS_BY_SCHEME.get(url.scheme) != row.kind:
        wanted = "ssh" if row.kind == "ssh" else "https"
        raise _refused(
            "credential-kind-mismatch",
            f"The credential {row.name} is of kind {row.kind}, and the address is {url.scheme}",
            "/git_credential_id",
            f"Use the repository's {wanted} address, or a credential of the other kind.",
        )


def _url(text: str | None) -> RepositoryUrl | None:
    """The address; None when there is none, or one that the deploy will refuse."""
    try:
        return RepositoryUrl.parse(text) if text else None
    except Invalid:
        return None


def _refused(code: str, message: str, place: str, hint: str) -> Invalid:
    return Invalid(code, message, hint=hint, problems=[Problem(code, message, place, hint)])
