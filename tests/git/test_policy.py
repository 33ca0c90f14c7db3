from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from taxiway.errors import Denied, NotFound, TaxiwayError, Unavailable
from taxiway.git.access import Access, Credential, OneKey
from taxiway.git.policy import GitPolicy, Target, check
from taxiway.git.url import RepositoryUrl
from taxiway.redaction import Secret


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


def answers(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """The name server's answer, which no test may ask for."""

    def getaddrinfo(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(0, 0, 0, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def refused(url: str, policy: GitPolicy) -> TaxiwayError:
    with pytest.raises(Denied) as caught:
        check(RepositoryUrl.parse(url), policy)
    assert caught.value.hint
    return caught.value


def test_a_public_host_passes_and_its_addresses_are_pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, "93.184.216.34", "2606:2800:220:1::1", "93.184.216.34")
    target = check(RepositoryUrl.parse("https://git.example/x"), GitPolicy())
    assert target.addresses == ("93.184.216.34", "2606:2800:220:1::1")


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.5", "192.168.1.1", "172.16.0.1", "::1", "fd00::1", "100.64.0.1",
     "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"],
)  # fmt: skip
def test_a_host_that_leads_inside_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, "93.184.216.34", address)
    assert refused("https://git.example/x", GitPolicy()).code == "address-private"


@pytest.mark.parametrize(
    "allowed", ["git.example", "GIT.example ", "10.0.0.0/8", "10.1.2.3", "10.1.2.0/24"]
)
def test_a_listed_host_or_network_passes(allowed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, "10.1.2.3")
    target = check(RepositoryUrl.parse("https://git.example/x"), GitPolicy(allow_hosts=(allowed,)))
    assert target.addresses == ("10.1.2.3",)


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "fd00:ec2::254", "100.100.100.200", "0.0.0.0", "::ffff:169.254.169.254", "fe80::1"],
)  # fmt: skip
def test_metadata_addresses_are_refused_whatever_is_listed(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(monkeypatch, address)
    policy = GitPolicy(allow_hosts=("git.example", "0.0.0.0/0", "::/0", address))
    assert refused("https://git.example/x", policy).code == "address-refused"
    host = f"[{address}]" if ":" in address else address
    assert refused(f"https://{host}/x", policy).code == "address-refused"


def test_a_bare_address_must_be_listed() -> None:
    assert refused("https://93.184.216.34/x", GitPolicy()).code == "address-private"
    listed = GitPolicy(allow_hosts=("127.0.0.1", "[::1]"))
    assert check(RepositoryUrl.parse("https://127.0.0.1/x"), listed).addresses == ()
    assert check(RepositoryUrl.parse("https://[::1]/x"), listed).addresses == ()


def test_an_unknown_host_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch)
    with pytest.raises(Unavailable) as caught:
        check(RepositoryUrl.parse("https://git.example/x"), GitPolicy())
    assert caught.value.code == "repository-unreachable"


def test_behind_a_proxy_a_name_has_to_be_listed_and_no_address_is_pinned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers(monkeypatch)
    listed = GitPolicy(allow_hosts=("git.example", "10.0.0.0/8"))
    url = RepositoryUrl.parse("https://git.example/x")
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    assert check(url, listed) == Target(url, "https://git.example/x", (), proxied=True)
    assert refused("https://git.example/x", GitPolicy()).code == "host-not-listed"
    assert refused("https://10.0.0.1/x", GitPolicy()).code == "address-private"
    assert refused("https://169.254.169.254/x", listed).code == "address-refused"
    assert check(RepositoryUrl.parse("https://github.com/o/r"), GitPolicy()).proxied
    monkeypatch.setenv("no_proxy", "git.example")
    with pytest.raises(Unavailable):
        check(url, listed)


def test_the_proxy_of_the_settings_is_one_too(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch)
    access = replace(Access.none(), proxy=Secret("http://proxy.example:3128"))
    url = RepositoryUrl.parse("https://git.example/x")
    target = check(url, GitPolicy(allow_hosts=("git.example",), access=access))
    assert target.proxied and target.access is access
    assert refused("https://git.example/x", GitPolicy(access=access)).code == "host-not-listed"


def test_ssh_needs_a_credential_for_that_very_host(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, "93.184.216.34")
    key = Credential("1", "ssh", "git.example", None, Secret("k"), port=22)
    policy = GitPolicy(access=Access(OneKey(key)))
    assert check(RepositoryUrl.parse("git@git.example:o/r"), policy).credential == key
    for text in ("git@other.example:o/r", "ssh://git@git.example:2222/o/r"):
        assert refused(text, policy).code == "repository-needs-credentials"
    assert check(RepositoryUrl.parse("https://git.example/o/r"), policy).credential is None


def test_a_local_repository_is_refused_unless_its_directory_is_listed(folder: Path) -> None:
    inside, outside = folder / "allowed" / "r", folder / "other"
    inside.mkdir(parents=True)
    outside.mkdir()
    policy = GitPolicy(allow_local=(folder / "allowed",))
    assert refused(str(inside), GitPolicy()).code == "local-repository-refused"
    assert refused(str(outside), policy).code == "local-repository-refused"
    assert refused(str(folder / "allowed-too"), policy).code == "local-repository-refused"
    assert check(RepositoryUrl.parse(str(inside)), policy).text == f"file://{inside}"


def test_a_link_out_of_the_listed_directory_is_refused(folder: Path) -> None:
    (folder / "allowed").mkdir()
    (folder / "secret").mkdir()
    (folder / "allowed" / "link").symlink_to(folder / "secret")
    policy = GitPolicy(allow_local=(folder / "allowed",))
    assert refused(str(folder / "allowed" / "link"), policy).code == "local-repository-refused"


def test_a_listed_directory_may_itself_be_a_link(folder: Path) -> None:
    (folder / "real" / "r").mkdir(parents=True)
    (folder / "link").symlink_to(folder / "real")
    policy = GitPolicy(allow_local=(folder / "link",))
    target = check(RepositoryUrl.parse(str(folder / "link" / "r")), policy)
    assert target.text == f"file://{folder}/real/r"


def test_a_missing_local_repository_is_told_only_where_it_is_allowed(folder: Path) -> None:
    (folder / "allowed").mkdir()
    policy = GitPolicy(allow_local=(folder / "allowed",))
    with pytest.raises(NotFound):
        check(RepositoryUrl.parse(str(folder / "allowed" / "none")), policy)
    assert refused(str(folder / "none"), policy).code == "local-repository-refused"
