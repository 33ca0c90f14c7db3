"""The address of a repository: its syntax, and one canonical form. No network here."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

from taxiway.errors import Invalid

LENGTH = 500
_SPLIT = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/]*)(?P<path>/.*)?")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_SCP = re.compile(
    r"(?P<user>[A-Za-z0-9._-]+)@(?P<host>[A-Za-z0-9.-]+):(?P<path>(?!//).*)", re.DOTALL
)
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")
_PORTS = {"https": 443, "ssh": 22}
_SSH_USER = "git"
_CONTROL = re.compile(r"[\x00-\x20\x7f\\]")
_KEPT = "/-._~!$&'()*+,;=:@%"  # what RFC 3986 allows in a path, and the escapes themselves
_USE_HTTPS = (
    "Use the repository's https address, like https://host/group/name.git, or its ssh address,"
    " like git@host:group/name.git."
)


@dataclass(frozen=True)
class RepositoryUrl:
    """A parsed address. `host` is a lower-case name or an address without brackets; `path` is
    percent-encoded for https and ssh, and a plain absolute path for a local repository. `user` is
    the account to log in to over ssh, which is no secret."""

    scheme: str
    host: str
    port: int
    path: str
    user: str = ""

    @classmethod
    def parse(cls, text: str) -> RepositoryUrl:
        """Raises `Invalid`: `repository-url-invalid`, `repository-scheme` or `credentials-in-url`.

        `git@host:group/name.git` is the same as `ssh://git@host/group/name.git`.
        No message repeats the text before it is known to hold no user info.
        """
        if not text or len(text) > LENGTH:
            raise _invalid(f"it has {len(text)} characters; 1 to {LENGTH} are allowed")
        if text.startswith("/"):
            return _local(text)
        match = _SPLIT.fullmatch(_as_ssh(text))
        if match is None:
            raise _invalid("it is neither an https or ssh address nor an absolute path")
        scheme, authority = match["scheme"].lower(), match["authority"]
        if scheme == "file":
            if authority not in ("", "localhost"):
                raise _invalid("a file address names no host")
            return _local(_decoded(match["path"] or ""))
        if scheme not in _PORTS:
            raise _scheme(scheme)
        user = ""
        if scheme == "ssh":
            user, authority = _ssh_user(authority)
        elif "@" in authority:
            raise _credentials()
        host, port = _host_and_port(authority, _PORTS[scheme])
        return cls(scheme, host, port, _web_path(match["path"] or ""), user)

    @property
    def text(self) -> str:
        """The canonical address: equal for equal repositories, safe to show and to give to git."""
        if self.scheme == "file":
            return "file://" + quote(self.path, safe="/-._~", errors="surrogateescape")
        user = f"{self.user}@" if self.user else ""
        return f"{self.scheme}://{user}{self.authority}{self.path}"

    @property
    def authority(self) -> str:
        """Host and, where it is not the usual one, port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS.get(self.scheme) else f"{host}:{self.port}"

    @property
    def key(self) -> str:
        """A stable name for the repository's folder in the cache."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:40]

    def __str__(self) -> str:
        return self.text


def _invalid(reason: str) -> Invalid:
    return Invalid(
        "repository-url-invalid",
        f"The repository's address cannot be used: {reason}",
        hint=_USE_HTTPS,
    )


def _scheme(scheme: str) -> Invalid:
    return Invalid(
        "repository-scheme",
        f"Repositories are read over https or ssh, not over {scheme}",
        hint=_USE_HTTPS,
    )


def _credentials() -> Invalid:
    return Invalid(
        "credentials-in-url",
        "The repository's address holds user info before an @",
        hint="Remove it from the address: addresses are stored and shown in clear."
        " Make a credential, and name it in git_credential_id.",
    )


def _as_ssh(text: str) -> str:
    match = _SCP.fullmatch(text)
    if match is None:
        return text
    return f"ssh://{match['user']}@{match['host']}/{match['path'].removeprefix('/')}"


def _ssh_user(authority: str) -> tuple[str, str]:
    user, at, rest = authority.rpartition("@")
    if not at:
        return _SSH_USER, authority
    if ":" in user:
        raise _credentials()
    if not _USER.fullmatch(user):
        raise _invalid("its user name holds other characters than letters, digits, . _ and -")
    return user, rest


def _local(path: str) -> RepositoryUrl:
    if re.search(r"[\x00-\x1f\x7f]", path) or not path.startswith("/"):
        raise _invalid("a local repository is an absolute path without control characters")
    if not {".", ".."}.isdisjoint(path.split("/")):
        raise _invalid("it holds . or .. as a part of its path")
    clean = "/" + "/".join(part for part in path.split("/") if part)
    if clean == "/":
        raise _invalid("it names no repository")
    return RepositoryUrl("file", "", 0, clean)


def _decoded(path: str) -> str:
    try:
        return unquote_to_bytes(path).decode()
    except UnicodeDecodeError:
        raise _invalid("its escapes are not UTF-8") from None


def _web_path(path: str) -> str:
    if _CONTROL.search(path) or "?" in path or "#" in path:
        raise _invalid("its path holds a space, a control character, \\, ? or #")
    if re.search(r"%(?![0-9A-Fa-f]{2})", path):
        raise _invalid("its path holds a % that begins no escape")
    decoded = _decoded(_quoted(path))
    if re.search(r"[\x00-\x1f\x7f]", decoded):
        raise _invalid("its path holds an escaped control character")
    if not {".", ".."}.isdisjoint(decoded.split("/")):
        raise _invalid("it holds . or .. as a part of its path")
    clean = "/" + "/".join(part for part in path.split("/") if part)
    if clean == "/":
        raise _invalid("it names a host and no repository")
    return _quoted(clean)


def _quoted(path: str) -> str:
    try:
        return quote(path, safe=_KEPT)
    except UnicodeEncodeError:
        raise _invalid("it holds characters that are not Unicode text") from None


def _host_and_port(authority: str, usual: int) -> tuple[str, int]:
    match = re.fullmatch(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]{1,5}))?", authority)
    if match is None:
        raise _invalid("its host or port is malformed")
    port = int(match[2] or usual)
    if not 1 <= port <= 65535:
        raise _invalid("its port is not between 1 and 65535")
    return _host(match[1]), port


def _host(text: str) -> str:
    if not text.isascii():
        raise _invalid("its host is not ASCII; write an international name in its xn-- form")
    host = text.lower()
    if host.startswith("["):
        return _address_6(host[1:-1])
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):  # every spelling of a number that a resolver may take
        return _address_4(host)
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise _invalid("its host is not a host name")
    return host


def _address_4(host: str) -> str:
    try:
        return str(ipaddress.IPv4Address(host))
    except ValueError:
        raise _invalid("its host is a number, but not an address like 192.0.2.1") from None


def _address_6(host: str) -> str:
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError:
        raise _invalid("its host is not an address") from None
    if address.scope_id:
        raise _invalid("its host has a zone")
    return str(address)
