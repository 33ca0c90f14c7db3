"""The hardened call: nothing of the machine's or the user's configuration has an effect."""

from __future__ import annotations

from pathlib import Path

import pytest

from taxiway.git import call
from taxiway.git.policy import Target
from taxiway.git.url import RepositoryUrl

WEB = Target(RepositoryUrl.parse("https://git.example:8443/x"), "https://git.example:8443/x", ("192.0.2.1", "2001:db8::1"))  # fmt: skip


def test_no_protocol_is_open_without_a_target(origin) -> None:
    done = call.run(["ls-remote", "--", f"file://{origin.path}"])
    assert done.returncode != 0 and "not allowed" in done.complaint


@pytest.mark.parametrize("url", ["ext::touch RAN", "git://127.0.0.1/x", "ssh://127.0.0.1/x", "http://127.0.0.1/x"])  # fmt: skip
def test_only_the_targets_own_protocol_is_open(url: str, folder: Path) -> None:
    done = call.run(["ls-remote", "--", url.replace("RAN", f"{folder}/ran")], target=WEB)
    assert done.returncode != 0 and "not allowed" in done.complaint
    assert not (folder / "ran").exists()


def test_the_environment_is_built_from_nothing() -> None:
    operator = {
        "HOME": "/root",
        "GIT_TRACE": "1",
        "GIT_SSH": "x",
        "TOKEN": "hunter2",
        "LD_PRELOAD": "x",
        "https_proxy": "http://proxy:1",
        "SSL_CERT_FILE": "/ca.pem",
    }
    found = call.environment(WEB, operator)
    assert found["GIT_SSL_CAINFO"] == "/ca.pem"
    assert found["HOME"] == "/nonexistent"
    assert found["GIT_ALLOW_PROTOCOL"] == "https"
    assert {"GIT_TRACE", "GIT_SSH", "TOKEN", "LD_PRELOAD", "https_proxy"}.isdisjoint(found)
    proxied = Target(WEB.url, WEB.text, proxied=True)
    assert call.environment(proxied, operator)["https_proxy"] == "http://proxy:1"
    assert "http.proxy=" not in call.command(["fetch"], target=proxied)


def test_the_host_is_pinned_to_the_addresses_that_passed() -> None:
    arguments = call.command(["fetch"], target=WEB)
    assert "http.curloptResolve=git.example:8443:192.0.2.1,[2001:db8::1]" in arguments
    assert "http.followRedirects=false" in arguments


def test_a_pinned_address_is_the_one_that_git_connects_to(server, origin, web_mirror) -> None:
    """The name resolves nowhere; only the pin leads to the server."""
    url = RepositoryUrl.parse(f"https://nowhere.invalid:{server.port}/origin/.git")
    done = call.run(["ls-remote", "--", url.text], target=Target(url, url.text, ("127.0.0.1",)))
    # It came as far as the certificate, which is for another name.
    assert "resolve host" not in done.complaint and "certificate" in done.complaint


def test_the_operators_git_configuration_is_not_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "config").write_text("[alias]\n\tversion2 = !touch ran\n[evil]\n\tx = y\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(folder / "config"))
    monkeypatch.setenv("HOME", str(folder))
    (folder / ".gitconfig").write_text("[evil]\n\tz = y\n")
    assert "evil" not in call.run(["config", "--list"]).stdout.decode()
