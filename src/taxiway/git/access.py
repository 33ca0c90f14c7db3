"""What the git layer is given to reach a remote: credentials, host keys, proxy, certificates.

Plain data and two questions; who answers them, and from where, is not known here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from taxiway.git.url import RepositoryUrl
from taxiway.redaction import Secret

KINDS_BY_SCHEME = {"https": "token", "ssh": "ssh"}


@dataclass(frozen=True)
class Credential:
    """A secret for one host. `port`: only for that port; `None`: for any port of the host."""

    id: str
    kind: Literal["token", "ssh"]
    host: str
    username: str | None
    secret: Secret  # the token, or the private key as OpenSSH reads it, without a passphrase
    port: int | None = None

    def fits(self, url: RepositoryUrl) -> bool:
        """Whether this may be sent to where `url` leads."""
        return (
            KINDS_BY_SCHEME.get(url.scheme) == self.kind
            and url.host == self.host
            and self.port in (None, url.port)
        )


class Keyring(Protocol):
    """Which credential is for which address: the repository, its submodules, its large files."""

    def for_url(self, url: RepositoryUrl) -> Credential | None:
        """The credential to use at `url`; it fits it. `None`: go as a stranger."""


@dataclass(frozen=True)
class NoKeys:
    """The keyring of who has no credential."""

    def for_url(self, url: RepositoryUrl) -> Credential | None:
        return None


@dataclass(frozen=True)
class OneKey:
    """A keyring with one credential."""

    credential: Credential

    def for_url(self, url: RepositoryUrl) -> Credential | None:
        return self.credential if self.credential.fits(url) else None


def no_hosts() -> str:
    """The known hosts of who knows none."""
    return ""


def unnoticed(credential: Credential, url: RepositoryUrl) -> None:
    """For who keeps no record of uses."""


@dataclass(frozen=True)
class Access:
    """`known_hosts` gives the text of OpenSSH's file of that name, as it is now. `used` hears of
    each credential before it is sent anywhere."""

    keyring: Keyring
    known_hosts: Callable[[], str] = no_hosts
    used: Callable[[Credential, RepositoryUrl], None] = unnoticed
    proxy: Secret | None = None  # a URL; it may hold a password
    ca_bundle: Path | None = None

    @classmethod
    def none(cls) -> Access:
        """No credentials, no known hosts; proxy and certificates as the environment says."""
        return _NONE

    def mirror_key(self, url: RepositoryUrl) -> str:
        """The name of the mirror of `url`. What was fetched with a credential is not shown to
        who has another one, or none."""
        credential = self.keyring.for_url(url)
        if credential is None:
            return url.key
        return hashlib.sha256(f"{url.text}\0{credential.id}".encode()).hexdigest()[:40]


_NONE = Access(NoKeys())
