"""What the API takes and gives for a credential; no secret is ever in an answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
)

from taxiway.errors import Invalid
from taxiway.redaction import Secret
from taxiway.server.credentials.hosts import parse_host
from taxiway.server.fields import FieldRefused, Name, Text255

Kind = Literal["token", "ssh"]
SECRET_LENGTH = 16_384


def _username(value: str | None) -> str | None:
    if value is not None and (not value.isprintable() or ":" in value):
        raise FieldRefused(
            Invalid("username-refused", "A user name has no colon and no control characters")
        )
    return value


def _secret(value: Any) -> Any:
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ValueError("a text is wanted")
    if len(value) > SECRET_LENGTH or "\0" in value:
        raise FieldRefused(
            Invalid("secret-refused", f"It is longer than {SECRET_LENGTH}, or holds a NUL")
        )
    return Secret(value)


def _host(value: str) -> str:
    try:
        parse_host(value)
    except Invalid as error:
        raise FieldRefused(error) from None
    return value


# Only ever taken, never given; what is in it cannot be shown by an error, either.
WriteOnly = Annotated[
    Any,
    BeforeValidator(_secret),
    PlainSerializer(lambda _: "***"),
    Field(json_schema_extra={"type": ["string", "null"], "writeOnly": True, "maxLength": SECRET_LENGTH}),
]  # fmt: skip
Username = Annotated[Text255, AfterValidator(_username)]
Host = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_host)]
Port = Annotated[int, Field(ge=1, le=65535)]

_D = {
    "name": "Shown name; the host by default.",
    "kind": "`token` for https addresses, `ssh` for ssh addresses.",
    "host": "The one host that it is sent to, like `github.com`, or `git.example.org:8443`.",
    "port": "Only at this port of the host; null: at any.",
    "username": (
        "User name beside a token. Left out, it is what the host wants: `x-access-token` at"
        " GitHub, `oauth2` at GitLab, `x-token-auth` at Bitbucket."
    ),
    "secret": (
        "The token, or the private key in OpenSSH's or PEM format (also taken as `token` and as"
        " `private_key`). Without one, a credential of kind `ssh` gets a new ed25519 pair."
    ),
    "passphrase": "Of the private key; it is used once and not stored.",
}


class CredentialCreate(BaseModel):
    """A secret for one Git host."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        populate_by_name=True,
        json_schema_extra={"examples": [{"kind": "ssh", "host": "github.com", "name": "deploys"}]},
    )

    name: Name | None = Field(None, description=_D["name"])
    kind: Kind = Field(description=_D["kind"])
    host: Host = Field(description=_D["host"])
    port: Port | None = Field(None, description=_D["port"])
    username: Username = Field(None, description=_D["username"])
    secret: WriteOnly = Field(
        None,
        validation_alias=AliasChoices("secret", "token", "private_key"),
        description=_D["secret"],
    )
    passphrase: WriteOnly = Field(None, description=_D["passphrase"])


class CredentialUpdate(BaseModel):
    """What shall change; fields that are left out stay. A secret is for its host for good: `kind`,
    `host` and `port` never change."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        populate_by_name=True,
        json_schema_extra={"examples": [{"name": "deploys of the data team"}]},
    )

    name: Name | None = Field(None, description=_D["name"])
    username: Username = Field(None, description=_D["username"])
    secret: WriteOnly = Field(
        None,
        validation_alias=AliasChoices("secret", "token", "private_key"),
        description=_D["secret"],
    )
    passphrase: WriteOnly = Field(None, description=_D["passphrase"])
    id: str | None = Field(None, description="Read-only.")
    kind: str | None = Field(None, description="Read-only.")
    host: str | None = Field(None, description="Read-only.")
    port: int | None = Field(None, description="Read-only.")
    fingerprint: Any = Field(None, description="Read-only.")
    public_key: Any = Field(None, description="Read-only.")
    workflows: Any = Field(None, description="Read-only.")
    last_used_at: Any = Field(None, description="Read-only.")
    last_used_for: Any = Field(None, description="Read-only.")
    created_at: Any = Field(None, description="Read-only.")
    updated_at: Any = Field(None, description="Read-only.")


class UsingWorkflow(BaseModel):
    """A workflow that uses the credential."""

    id: str = Field(description="UUID of the workflow.")
    name: str = Field(description="Its name.")


class CredentialResponse(BaseModel):
    """A credential without its secret, which no endpoint shows."""

    id: str = Field(description="UUID.", json_schema_extra={"format": "uuid"})
    name: str = Field(description=_D["name"])
    kind: Kind = Field(description=_D["kind"])
    host: str = Field(description=_D["host"])
    port: int | None = Field(description=_D["port"])
    username: str | None = Field(description=_D["username"])
    fingerprint: str = Field(
        description="Of the public key, as OpenSSH and Git hosts show it; of a token: equal for "
        "equal tokens, and no way back to it."
    )
    public_key: str | None = Field(description="The half to give to the Git host; null: a token.")
    workflows: list[UsingWorkflow] = Field(description="The workflows that use it, by name.")
    last_used_at: datetime | None = Field(description="When it was last used; null: never.")
    last_used_for: str | None = Field(description="The repository that it was last used for.")
    created_at: datetime = Field(description="When it was created, UTC.")
    updated_at: datetime = Field(description="When it was last changed, UTC.")


class CredentialTest(BaseModel):
    """What to try a credential against."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"url": "git@github.com:org/repo.git"}]},
    )

    url: str = Field(min_length=1, max_length=500, description="Address of a repository.")


class CredentialTestResponse(BaseModel):
    """What happened."""

    ok: bool = Field(description="Whether the repository could be read with the credential.")
    url: str = Field(description="The address that was tried, in its canonical form.")
    code: str | None = Field(description="Code of the error; null: it worked.")
    message: str = Field(description="What happened, in a sentence.")
    hint: str | None = Field(description="What to do about it.")
    fingerprint: str | None = Field(
        description="Of the host's key, when it is unknown or changed: compare it with what the "
        "host publishes."
    )
