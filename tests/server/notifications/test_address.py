"""Addresses that may hear of failures, and those that may not."""

from __future__ import annotations

import pytest

from taxiway.errors import Denied, Invalid
from taxiway.git.policy import GitPolicy, reach
from taxiway.server.notifications.address import NotifyAddress


@pytest.mark.parametrize(
    ("text", "host", "port", "target"),
    [
        ("https://chat.example.org/hooks/T0/s3cret", "chat.example.org", 443, "/hooks/T0/s3cret"),
        ("https://Chat.example.org:8443?key=a&b=%20", "chat.example.org", 8443, "/?key=a&b=%20"),
        ("http://127.0.0.1:443/x", "127.0.0.1", 443, "/x"),
        ("http://[::1]", "::1", 80, "/"),
    ],
)
def test_an_address_is_taken_apart(text: str, host: str, port: int, target: str) -> None:
    address = NotifyAddress.parse(text)
    assert (address.host, address.port, address.target) == (host, port, target)
    assert address.text == text


@pytest.mark.parametrize(
    "text",
    [
        "chat.example.org/s3cret",
        "ftp://chat.example.org/s3cret",
        "file:///s3cret",
        "https://user:s3cret@chat.example.org/",
        "https://chat.example.org/s3cret#x",
        "https://chat.example.org/s3cret\r\nX: y",
        "https://chat.example.org/s3cr\u00e9t",
        "https://\u2460\u2461\u2466.0.0.1/s3cret",
        "https://2130706433/s3cret",
        "https://0x7f.1/s3cret",
        "https://chat.example.org:99999/s3cret",
        "https:///s3cret",
        "https://chat.example.org/" + "s3cret" * 100,
    ],
)
def test_other_texts_are_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        NotifyAddress.parse(text)
    assert caught.value.code == "notify-url-refused"
    assert "s3cret" not in str(caught.value)


def test_nothing_shows_more_of_an_address_than_its_host() -> None:
    address = NotifyAddress.parse("https://chat.example.org:8443/s3cret")
    assert "s3cret" not in repr(address) + address.shown + str(address)


@pytest.mark.parametrize(
    ("text", "allowed", "code"),
    [
        ("https://127.0.0.1/", (), "address-private"),
        ("https://localhost/", (), "address-private"),
        ("https://[::ffff:127.0.0.1]/", (), "address-private"),
        ("https://169.254.169.254/", ("169.254.0.0/16",), "address-refused"),
        ("http://8.8.8.8/", ("127.0.0.1",), "address-private"),
    ],
)
def test_the_policy_of_repositories_holds(text: str, allowed: tuple[str, ...], code: str) -> None:
    address = NotifyAddress.parse(text)
    with pytest.raises(Denied) as caught:
        reach(address.repository, GitPolicy(allow_hosts=allowed), listed_only=True)
    assert caught.value.code == code


def test_plain_http_goes_to_listed_hosts_only(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = [(2, 1, 6, "", ("93.184.216.34", 80))]
    monkeypatch.setattr("socket.getaddrinfo", lambda *args, **rest: answer)
    url = NotifyAddress.parse("http://chat.example.org/x").repository
    with pytest.raises(Denied) as caught:
        reach(url, GitPolicy(), listed_only=True)
    assert caught.value.code == "address-not-listed"
    listed = GitPolicy(allow_hosts=("chat.example.org",))
    assert reach(url, listed, listed_only=True) == ("93.184.216.34",)
    assert reach(url, GitPolicy()) == ("93.184.216.34",)
