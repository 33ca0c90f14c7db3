"""Which repositories may be reached, and at which address.

The check resolves the host's name once; the addresses that passed are pinned in the git call, so
that a second answer of the name server changes nothing.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import getproxies_environment, proxy_bypass

from taxiway.errors import Denied, NotFound, Unavailable
from taxiway.git.access import Access, Credential
from taxiway.git.url import RepositoryUrl

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# What answers with the credentials of the machine itself. No setting opens these.
_NEVER = tuple(
    ipaddress.ip_network(text)
    for text in (
        "169.254.0.0/16",  # link-local: AWS, GCP, Azure and most others at 169.254.169.254
        "fe80::/10",
        "fd00:ec2::254/128",  # AWS
        "fd20:ce::254/128",  # GCP
        "100.100.100.200/32",  # Alibaba Cloud
        "168.63.129.16/32",  # Azure's host
        "192.0.0.192/32",  # Oracle Cloud
        "0.0.0.0/8",
        "::/128",
        "224.0.0.0/4",
        "ff00::/8",
    )
)
PUBLIC_HOSTS = ("github.com", "gitlab.com", "bitbucket.org")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True)
class TreeLimits:
    """What a repository may cost. Sizes are bytes."""

    entries: int = 50_000
    file_bytes: int = 200 * 1000**2
    total_bytes: int = 2 * 1000**3
    lfs_bytes: int = 10 * 1000**3  # of all LFS objects of a tree; they are counted apart
    pack_bytes: int = 2 * 1000**3  # one transfer
    listing_bytes: int = 1 << 30  # of memory while the remote lists its refs
    resolve_seconds: float = 60
    fetch_seconds: float = 600
    stall_seconds: int = 30  # without a kilobyte a second
    free_bytes: int = 200 * 1000**2  # left on the cache's disk before a transfer begins


@dataclass(frozen=True)
class GitPolicy:
    """`allow_local`: directories below which local repositories may lie. `allow_hosts`: host
    names, addresses and networks that may be private."""

    allow_local: tuple[Path, ...] = ()
    allow_hosts: tuple[str, ...] = ()
    limits: TreeLimits = field(default_factory=TreeLimits)
    access: Access = field(default_factory=Access.none)


@dataclass(frozen=True)
class Target:
    """A repository that passed the check: what git is given, and where it leads."""

    url: RepositoryUrl
    text: str  # the address for git
    addresses: tuple[str, ...] = ()  # pinned; empty for a local repository or behind a proxy
    proxied: bool = False
    credential: Credential | None = None  # made for this very host
    access: Access = field(default_factory=Access.none)


def check(url: RepositoryUrl, policy: GitPolicy) -> Target:
    """Where `url` may be reached now. `Denied`, `NotFound` or `Unavailable` say why not."""
    if url.scheme == "file":
        return _check_local(url, policy)
    access = policy.access
    proxied = is_proxied(url.host, access)
    credential = access.keyring.for_url(url)
    if url.scheme == "ssh" and credential is None:
        raise Denied(
            "repository-needs-credentials",
            f"{url} is read over ssh, and no credential of kind ssh is given for {url.host}",
            hint="Make one with `taxiway credentials create`, and name it in git_credential_id.",
        )
    pinned = () if proxied else _pin(url, policy)
    if proxied:
        _require_listed(url, policy)
    return Target(url, url.text, pinned, proxied, credential, access)


def _pin(url: RepositoryUrl, policy: GitPolicy) -> tuple[str, ...]:
    literal = _literal(url.host)
    addresses = (literal,) if literal is not None else _resolve(url)
    _require_allowed(url, addresses, policy, literal=literal is not None)
    return () if literal is not None else tuple(str(address) for address in addresses)


def _require_listed(url: RepositoryUrl, policy: GitPolicy) -> None:
    """Behind a proxy it is the proxy that resolves names, so no address can be checked or pinned:
    the host's own name has to be known."""
    literal = _literal(url.host)
    if literal is not None:
        _require_allowed(url, (literal,), policy, literal=True)
    elif url.host not in PUBLIC_HOSTS and not _is_listed(url.host, (), policy.allow_hosts):
        raise Denied(
            "host-not-listed",
            f"{url.host} is reached through a proxy, and is not among the hosts that may be",
            hint=f"If it is your Git host, list {url.host} in TAXIWAY_GIT_ALLOW_HOSTS.",
        )


def reach(url: RepositoryUrl, policy: GitPolicy, *, listed_only: bool = False) -> tuple[str, ...]:
    """The addresses to which a direct connection may be made now, for something else than Git.

    `listed_only` demands that the host, or every address of it, is among `allow_hosts`.
    """
    literal = _literal(url.host)
    found = (literal,) if literal is not None else _resolve(url)
    _require_allowed(url, found, policy, literal=literal is not None)
    faces = tuple(face for address in found for face in _faces(address))
    if listed_only and not _is_listed(url.host, faces, policy.allow_hosts):
        raise Denied(
            "address-not-listed",
            f"{url.host} is only spoken to over https",
            hint=f"Use https, or list {url.host} in TAXIWAY_GIT_ALLOW_HOSTS.",
        )
    return tuple(str(address) for address in found)


def _check_local(url: RepositoryUrl, policy: GitPolicy) -> Target:
    real = Path(os.path.realpath(url.path))
    folders = [Path(os.path.realpath(folder)) for folder in policy.allow_local]
    if not any(real.is_relative_to(folder) for folder in folders):
        raise Denied(
            "local-repository-refused",
            f"Local repositories are refused here: {url}",
            hint="List the directory it lies in in TAXIWAY_GIT_ALLOW_LOCAL, or use an https address.",
        )
    if not real.is_dir():
        raise NotFound(
            "repository-not-found",
            f"There is no directory {url.path}",
            hint="Check the path of the repository.",
        )
    return Target(url, RepositoryUrl("file", "", 0, str(real)).text)


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _resolve(url: RepositoryUrl) -> tuple[Address, ...]:
    try:
        found = socket.getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Unavailable(
            "repository-unreachable",
            f"The host {url.host} of {url} was not found: {error.strerror or error}",
            hint="Check the address for a typing error, and the network of this machine.",
        ) from None
    texts = dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found)
    return tuple(ipaddress.ip_address(text) for text in texts)


def _require_allowed(
    url: RepositoryUrl, addresses: tuple[Address, ...], policy: GitPolicy, *, literal: bool
) -> None:
    for address in addresses:
        faces = _faces(address)
        if any(face in network for face in faces for network in _NEVER):
            raise Denied(
                "address-refused",
                f"{url.host} leads to {address}, which is never read from",
                hint="Use the address of the Git host itself.",
            )
        if _is_listed(url.host, faces, policy.allow_hosts):
            continue
        if literal or not all(face.is_global for face in faces):
            raise Denied(
                "address-private",
                f"{url.host} is a bare or private address ({address}); such hosts are refused",
                hint=f"If it is your Git host, list {url.host} in TAXIWAY_GIT_ALLOW_HOSTS.",
            )


def _faces(address: Address) -> tuple[Address, ...]:
    """The address, and every IPv4 address that is written inside it."""
    if isinstance(address, ipaddress.IPv4Address):
        return (address,)
    inside: list[Address] = [address]
    if address.ipv4_mapped:
        inside = [address.ipv4_mapped]
    if address.sixtofour:
        inside.append(address.sixtofour)
    if address.teredo:
        inside += address.teredo
    if address in _NAT64:
        inside.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return tuple(inside)


def _is_listed(host: str, faces: tuple[Address, ...], allowed: tuple[str, ...]) -> bool:
    for entry in allowed:
        name = entry.strip().lower().strip("[]")
        if name == host:
            return True
        try:
            network = ipaddress.ip_network(name, strict=False)
        except ValueError:
            continue
        if faces and all(face in network for face in faces):
            return True
    return False


def is_proxied(host: str, access: Access) -> bool:
    """Whether the way to `host` is a proxy: that of the settings, or that of the environment."""
    proxies = getproxies_environment()
    if access.proxy is None and not (proxies.get("https") or proxies.get("all")):
        return False
    return not proxy_bypass(host)
