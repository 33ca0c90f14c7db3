"""What the operator allows packages to come from, and how they may be made."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from taxiway.redaction import Secret

INDEXES = "TAXIWAY_INDEXES"
FIND_LINKS = "TAXIWAY_FIND_LINKS"
ALLOW_BUILDS = "TAXIWAY_ALLOW_BUILDS"
ALLOW_URLS = "TAXIWAY_ALLOW_URLS"
PROXY = "TAXIWAY_PROXY"
CA_BUNDLE = "TAXIWAY_CA_BUNDLE"
PYTHON_DOWNLOADS = "TAXIWAY_PYTHON_DOWNLOADS"

# How the operator's machine reaches the network: all that uv inherits from our environment.
_NETWORK = (
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "SSL_CLIENT_CERT", "UV_NATIVE_TLS", "UV_SYSTEM_CERTS"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
    *("UV_INSECURE_HOST", "UV_HTTP_TIMEOUT", "UV_HTTP_RETRIES"),
    "UV_PYTHON_INSTALL_MIRROR",
    *("UV_CONCURRENT_DOWNLOADS", "UV_CONCURRENT_BUILDS", "UV_CONCURRENT_INSTALLS"),
)

Login = Callable[[str], tuple[str, Secret] | None]


@dataclass(frozen=True)
class PackagePolicy:
    """The operator's settings about packages.

    `indexes` and `find_links` may be named by requirements; `allow_builds` holds the packages
    that may be built from source (`all` for every one), `allow_urls` the hosts that a requirement
    may name directly. `default_index` and `always` are searched for every workflow: they, and
    `network`, are what the operator's own environment tells uv. URLs may hold credentials. With
    `python_downloads` uv may fetch a Python that the host lacks. `login` gives a user name and a
    secret for an index whose URL holds none.
    """

    indexes: tuple[str, ...] = field(default=(), repr=False)
    allow_builds: tuple[str, ...] = ()
    allow_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = field(default=(), repr=False)
    default_index: str | None = field(default=None, repr=False)
    always: tuple[str, ...] = field(default=(), repr=False)
    network: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    python_downloads: bool = False
    login: Login | None = field(default=None, repr=False, compare=False)

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> PackagePolicy:
        """The policy that `env`, the operator's environment, declares."""
        return cls(
            indexes=_commas(env.get(INDEXES)),
            allow_builds=tuple(map(normalize_name, _commas(env.get(ALLOW_BUILDS)))),
            allow_urls=tuple(host.lower() for host in _commas(env.get(ALLOW_URLS))),
            find_links=_commas(env.get(FIND_LINKS)),
            default_index=env.get("UV_DEFAULT_INDEX") or env.get("UV_INDEX_URL") or None,
            always=tuple((env.get("UV_INDEX") or env.get("UV_EXTRA_INDEX_URL") or "").split()),
            python_downloads=(env.get(PYTHON_DOWNLOADS) or "").lower() in ("1", "true", "yes"),
            network=_network(env),
        )

    def may_build(self, name: str) -> bool:
        allowed = {normalize_name(allowed) for allowed in self.allow_builds}
        return "all" in allowed or normalize_name(name) in allowed

    def may_fetch(self, url: str) -> bool:
        """Whether a requirement may name `url`: https, at a host that is allowed."""
        parts = split_url(url.removeprefix("git+"))
        allowed = {host.lower() for host in self.allow_urls}
        named = {parts.netloc.lower(), parts.hostname or ""} - {""}
        return parts.scheme == "https" and bool(named & allowed)

    def index(self, url: str) -> str | None:
        """The operator's own URL, credentials included, of an index that requirements name."""
        return _same(url, (*self.indexes, *self.always))

    def links(self, url: str) -> str | None:
        return _same(url, self.find_links)

    def signed_in(self, url: str) -> str:
        """`url` with the credentials of its host, for the environment of one uv and nothing else."""
        name, address = _named(url)
        parts = split_url(address)
        if self.login is None or parts.scheme != "https" or "@" in parts.netloc:
            return url
        found = self.login(address)
        if found is None:
            return url
        pair = f"{quote(found[0], safe='')}:{quote(found[1].reveal(), safe='')}"
        return name + urlunsplit(parts._replace(netloc=f"{pair}@{parts.netloc}"))


def _network(env: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """What uv gets to reach the network: the settings of Taxiway before those of the machine."""
    found = {name: env[name] for name in _NETWORK if env.get(name)}
    proxy, bundle = env.get(PROXY), env.get(CA_BUNDLE)
    if proxy:
        for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
            found[name] = proxy
    if bundle:
        found.pop("SSL_CERT_DIR", None)
        found["SSL_CERT_FILE"] = bundle
    return tuple(found.items())


def normalize_name(name: str) -> str:
    """The name of a package as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def normalize_url(url: str) -> str:
    """An index URL as we compare it: no user info, no trailing slash, host in lower case."""
    parts = split_url(url.strip())
    host = parts.netloc.rpartition("@")[2].lower()
    return urlunsplit((parts.scheme.lower(), host, parts.path.rstrip("/"), parts.query, ""))


def split_url(url: str) -> SplitResult:
    """The parts of a URL; all empty where it is none."""
    try:
        parts = urlsplit(url)
        _ = parts.hostname, parts.port  # these raise too
    except ValueError:
        return urlsplit("")
    return parts


def _same(url: str, among: tuple[str, ...]) -> str | None:
    wanted = normalize_url(url)
    if not wanted:
        return None
    plain = (_named(one)[1] for one in among)
    return next((one for one in plain if normalize_url(one) == wanted), None)


def _named(text: str) -> tuple[str, str]:
    """The name with its sign, and the URL: uv takes `name=url` in UV_INDEX."""
    found = re.match(r"[\w-]+=(?=\w+://)", text)
    name = found.group() if found else ""
    return name, text.removeprefix(name)


def _commas(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())
