from __future__ import annotations

import pytest

from taxiway.environment.policy import PackagePolicy, normalize_url

SECRET = "https://reader:hunter2@packages.example/simple"


def test_the_settings_are_read_from_the_environment() -> None:
    policy = PackagePolicy.from_env(
        {
            "TAXIWAY_INDEXES": " https://a.example/simple , https://b.example/simple,",
            "TAXIWAY_ALLOW_BUILDS": "My_Package,other",
            "TAXIWAY_ALLOW_URLS": "Git.Example",
            "TAXIWAY_FIND_LINKS": "https://c.example/wheels.html",
            "UV_DEFAULT_INDEX": "https://mirror.example/simple",
            "UV_INDEX": "https://d.example/simple https://e.example/simple",
            "HTTPS_PROXY": "http://proxy.example:3128",
            "AWS_SECRET_ACCESS_KEY": "not for uv",
            "PYTHONPATH": "/not/for/uv",
        }
    )
    assert policy.indexes == ("https://a.example/simple", "https://b.example/simple")
    assert policy.allow_builds == ("my-package", "other")
    assert policy.allow_urls == ("git.example",)
    assert policy.find_links == ("https://c.example/wheels.html",)
    assert policy.default_index == "https://mirror.example/simple"
    assert policy.always == ("https://d.example/simple", "https://e.example/simple")
    assert policy.network == (("HTTPS_PROXY", "http://proxy.example:3128"),)


def test_proxy_and_certificates_of_the_settings_come_before_those_of_the_machine() -> None:
    policy = PackagePolicy.from_env(
        {
            "TAXIWAY_PROXY": "http://u:hunter2@proxy.example:3128",
            "TAXIWAY_CA_BUNDLE": "/etc/ours.pem",
            "HTTPS_PROXY": "http://other.example:1",
            "SSL_CERT_FILE": "/etc/other.pem",
            "SSL_CERT_DIR": "/etc/certs",
            "NO_PROXY": "inside.example",
        }
    )
    found = dict(policy.network)
    assert {found[name] for name in ("HTTPS_PROXY", "https_proxy", "http_proxy")} == {
        "http://u:hunter2@proxy.example:3128"
    }
    assert found["SSL_CERT_FILE"] == "/etc/ours.pem" and "SSL_CERT_DIR" not in found
    assert found["NO_PROXY"] == "inside.example" and "hunter2" not in repr(policy)


def test_nothing_set_allows_nothing() -> None:
    policy = PackagePolicy.from_env({})
    assert policy == PackagePolicy()
    assert not policy.may_build("anything")
    assert not policy.may_fetch("https://git.example/x.whl")
    assert policy.index("https://a.example/simple") is None


def test_credentials_of_an_index_do_not_show() -> None:
    policy = PackagePolicy(indexes=(SECRET,), default_index=SECRET, always=(SECRET,))
    assert "hunter2" not in repr(policy)


def test_an_index_is_found_by_its_address_without_credentials() -> None:
    policy = PackagePolicy(indexes=(SECRET,), always=("named=https://b.example/simple",))
    assert policy.index("https://PACKAGES.example/simple/") == SECRET
    assert policy.index("https://b.example/simple") == "https://b.example/simple"
    assert policy.index("https://packages.example/other") is None
    assert policy.index("http://packages.example/simple") is None


def test_all_allows_every_build() -> None:
    assert PackagePolicy(allow_builds=("all",)).may_build("anything")
    assert PackagePolicy(allow_builds=("some_thing",)).may_build("Some.Thing")
    assert not PackagePolicy(allow_builds=("some_thing",)).may_build("something")


@pytest.mark.parametrize(
    ("url", "may"),
    [
        ("https://git.example/x.whl", True),
        ("git+https://git.example/x.git", True),
        ("https://git.example:8443/x.whl", True),
        ("http://git.example/x.whl", False),
        ("git+ssh://git.example/x.git", False),
        ("git+file:///git.example", False),
        ("https://git.example.evil/x.whl", False),
        ("https://git.example@evil.example/x.whl", False),
        ("https://[git.example/x.whl", False),
    ],
)
def test_urls_are_fetched_from_allowed_hosts_by_https_only(url: str, may: bool) -> None:
    assert PackagePolicy(allow_urls=("git.example",)).may_fetch(url) is may


def test_what_is_no_url_has_no_address() -> None:
    assert normalize_url("http://[broken") == ""
    assert PackagePolicy(indexes=("http://[broken",)).index("http://[broken") is None
