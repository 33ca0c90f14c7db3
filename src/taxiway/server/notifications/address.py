"""The address that hears of failures: its syntax. No network here.

Addresses of chat services carry their secret in the path or the query, so no message, log or
record of a delivery repeats more of one than its host.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from taxiway.errors import Invalid
from taxiway.git.url import RepositoryUrl

LENGTH = 500
_SPLIT = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<rest>.*)")
_REST = re.compile(r"(/[!-~]*|\?[!-~]*)?")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class NotifyAddress:
    """`host` is as that of a repository; `target` is the path and the query, as a request has them."""

    scheme: str
    host: str
    port: int
    target: str
    text: str

    @classmethod
    def parse(cls, text: str) -> NotifyAddress:
        """Raises `Invalid` (`notify-url-refused`), which repeats nothing of the text."""
        match = _SPLIT.fullmatch(text)
        if match is None or len(text) > LENGTH:
            raise _refused("it is no https address, or longer than 500 characters")
        scheme, authority, rest = match["scheme"].lower(), match["authority"], match["rest"]
        if scheme not in _PORTS:
            raise _refused("only https and http are spoken")
        if "@" in authority:
            raise _refused("it holds user info before an @")
        if not _REST.fullmatch(rest) or "#" in rest or "\\" in rest:
            raise _refused("its path holds a space, a #, a \\ or a character that is not ASCII")
        host, port = _host_and_port(authority, _PORTS[scheme])
        return cls(scheme, host, port, rest if rest.startswith("/") else f"/{rest}", text)

    @property
    def repository(self) -> RepositoryUrl:
        """The same host and port as those of a repository: one policy holds for both."""
        return RepositoryUrl("https", self.host, self.port, "/")

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def shown(self) -> str:
        """What may be told of it."""
        return f"{self.scheme}://{self.authority}"

    def __repr__(self) -> str:
        return f"NotifyAddress({self.shown!r})"


def _host_and_port(authority: str, default: int) -> tuple[str, int]:
    try:
        url = RepositoryUrl.parse(f"https://{authority}/x")
    except Invalid as error:
        raise _refused(error.message.rpartition(": ")[2]) from None
    has_port = re.search(r":[0-9]+$", authority) is not None
    return url.host, url.port if has_port else default


def _refused(reason: str) -> Invalid:
    return Invalid(
        "notify-url-refused",
        f"The address for notifications cannot be used: {reason}",
        hint="Give the https address of a webhook, like https://chat.example.org/hooks/name.",
    )
