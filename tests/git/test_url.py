from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxiway.errors import Invalid
from taxiway.git.url import RepositoryUrl


@pytest.mark.parametrize(
    ("given_text", "canonical"),
    [
        ("https://github.com/org/repo.git", "https://github.com/org/repo.git"),
        ("HTTPS://GitHub.com:443//org/repo.git/", "https://github.com/org/repo.git"),
        ("https://host.example:8443/a", "https://host.example:8443/a"),
        ("https://host.example/caf\u00e9/r", "https://host.example/caf%C3%A9/r"),
        ("https://[2001:DB8::1]/a", "https://[2001:db8::1]/a"),
        ("https://192.0.2.1/a", "https://192.0.2.1/a"),
        ("/srv/git/a b%41/", "file:///srv/git/a%20b%2541"),
        ("file:///srv/git/a%20b", "file:///srv/git/a%20b"),
        ("file://localhost/srv/r", "file:///srv/r"),
        ("git@GitHub.com:org/repo.git", "ssh://git@github.com/org/repo.git"),
        ("git@host.example:/srv//repo.git/", "ssh://git@host.example/srv/repo.git"),
        ("ssh://host.example:22/a", "ssh://git@host.example/a"),
        ("SSH://deploy_1@host.example:2222/a", "ssh://deploy_1@host.example:2222/a"),
        ("ssh://git@[2001:DB8::1]:22/a", "ssh://git@[2001:db8::1]/a"),
    ],
)
def test_an_address_has_one_canonical_form(given_text: str, canonical: str) -> None:
    url = RepositoryUrl.parse(given_text)
    assert url.text == canonical
    assert RepositoryUrl.parse(canonical) == url
    assert RepositoryUrl.parse(canonical).key == url.key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://",
        "https://host",
        "https://host/",
        "--upload-pack=touch /tmp/x",
        "-oProxyCommand=x",
        "ext::sh -c 'touch x'",
        "https::http://127.0.0.1/x",
        "https://-host/x",
        "https://host/x y",
        "https://host/x\ny",
        "https://host/x%0ay",
        "https://host/x%00",
        "https://host/%zz",
        "https://host/a/../b",
        "https://host/%2e%2e/b",
        "https://host/a?b",
        "https://host/a#b",
        "https://host:0/a",
        "https://host:99999/a",
        "https://host:1:2/a",
        "https://2130706433/a",
        "https://0x7f.1/a",
        "https://127.1/a",
        "https://017700000001/a",
        "https://0x7f000001/a",
        "https://1.2.3.0x4/a",
        "https://\u2460\u2461\u2466.\u24ea.\u24ea.\u2460/a",
        "https://host./a",
        "https://ho_st/a",
        "https://[::1%25eth0]/a",
        "https://[::1/a",
        "https://" + "a" * 500 + "/x",
        "relative/path",
        "git@host:",
        "git@host:a/../b",
        "git@ho st:a",
        "git@-oProxyCommand=x:a",
        "git@host:a\nb",
        "-oProxyCommand=x@host:a",
        "ssh://-oProxyCommand=x/a",
        "ssh://git@-oProxyCommand=x/a",
        "ssh://-l@host/a",
        "ssh://a b@host/a",
        "ssh://git@127.1/a",
        "~/repo",
        "file://host/path",
        "file:///",
        "/",
        "/srv/../etc",
        "/srv/x\0y",
        "file:///srv/%2e%2e/etc",
        "file:///srv/%ff",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        RepositoryUrl.parse(text)
    assert caught.value.code == "repository-url-invalid"
    assert caught.value.hint


@pytest.mark.parametrize(
    "text",
    ["http://host/x", "git+ssh://git@host/x", "git://host/x", "ext://host/x", "ftp://host/x"],
)  # fmt: skip
def test_other_schemes_are_refused_by_name(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        RepositoryUrl.parse(text)
    assert "git@" not in caught.value.message
    assert caught.value.code == "repository-scheme"


@pytest.mark.parametrize(
    "text",
    [
        "https://u:hunter2@host/x",
        "https://hunter2@host/x",
        "https://hunter2\\@host/x",
        "ssh://git:hunter2@host/x",
        "ssh://hunter2:@host/x",
    ],
)
def test_user_info_is_refused_and_never_repeated(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        RepositoryUrl.parse(text)
    assert caught.value.code == "credentials-in-url"
    assert "hunter2" not in str(caught.value) + caught.value.hint


@given(st.text(max_size=60) | st.from_regex(r"https://[a-z0-9.:\[\]@%-]{1,20}/[ -~]{0,20}"))
def test_any_text_is_refused_or_becomes_a_canonical_ascii_address(text: str) -> None:
    try:
        url = RepositoryUrl.parse(text)
    except Invalid:
        return
    assert url.text.isascii()
    assert url.text.startswith(("https://", "ssh://", "file:///"))
    assert not any(character.isspace() or character < " " for character in url.text)
    assert "@" not in url.authority
    assert RepositoryUrl.parse(url.text) == url
