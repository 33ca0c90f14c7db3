"""Logging in to real Git hosts: the real git and ssh, over HTTPS and SSH."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncssh
import pytest
import trustme
from git_servers import HttpsGit, SshGit
from proxy import Proxy, proxying

from taxiway.errors import TaxiwayError, Unavailable
from taxiway.git import call, transport
from taxiway.git.access import Access, Credential, OneKey
from taxiway.git.mirror import Mirror
from taxiway.git.policy import GitPolicy, check
from taxiway.git.url import RepositoryUrl
from taxiway.redaction import Secret
from taxiway.storage.cache import Cache

pytestmark = pytest.mark.integration

TOKEN = "glpat-hunter2/+='\"$(x)"


@pytest.fixture
def policy(https_git: HttpsGit, ssh_git: SshGit) -> GitPolicy:
    access = Access.none()
    known = f"{transport.host_key_alias('localhost', ssh_git.port)} {ssh_git.public_key}\n"
    access = replace(access, ca_bundle=https_git.ca, known_hosts=lambda: known)
    return GitPolicy(allow_hosts=("localhost",), access=access)


@pytest.fixture
def key(ssh_git: SshGit) -> Credential:
    made = asyncssh.generate_private_key("ssh-ed25519")
    ssh_git.keys.add(made.export_public_key().decode())
    return Credential("k1", "ssh", "localhost", None, Secret(made.export_private_key().decode()))


@pytest.fixture
def token(https_git: HttpsGit) -> Credential:
    https_git.logins["private"] = {f"ada:{TOKEN}"}
    return Credential("t1", "token", "localhost", "ada", Secret(TOKEN), https_git.port)


@pytest.fixture
def mirror_of(cache: Cache, policy: GitPolicy) -> Callable[..., Mirror]:
    cache.root.mkdir(exist_ok=True)

    def make(url: str, credential: Credential | None = None, **changes: Any) -> Mirror:
        keyring = OneKey(credential) if credential else policy.access.keyring
        access = replace(policy.access, keyring=keyring, **changes)
        return Mirror(cache, RepositoryUrl.parse(url), replace(policy, access=access))

    return make


def refusal(mirror: Mirror) -> TaxiwayError:
    with pytest.raises(TaxiwayError) as caught:
        mirror.resolve("main")
    assert caught.value.hint and "hunter2" not in f"{caught.value} {caught.value.context}"
    return caught.value


def test_a_token_opens_a_private_repository(mirror_of, https_git, token) -> None:
    commit = https_git.commit("private/token")
    mirror = mirror_of(https_git.url("private/token"), token)
    assert mirror.resolve("main") == commit
    mirror.fetch(commit)
    assert mirror.read_file(commit, "train.py")
    assert f"ada:{TOKEN}" in {asked.login for asked in https_git.asked}
    config = (mirror.files / "config").read_text()
    assert "hunter2" not in config and "ada" not in config


def test_without_a_credential_or_with_a_wrong_one_it_is_refused(
    mirror_of, https_git, token
) -> None:
    url = https_git.url("private/refused")
    https_git.commit("private/refused")
    assert refusal(mirror_of(url)).code == "repository-needs-credentials"
    wrong = replace(token, secret=Secret("hunter2-old"))
    assert refusal(mirror_of(url, wrong)).code == "credential-refused"


def test_a_token_is_not_sent_along_a_redirect(mirror_of, https_git, token, cache) -> None:
    """Neither by us, nor if git were to follow it: the helper knows one host only."""
    https_git.commit("private/moved")
    https_git.logins["old"] = {f"ada:{TOKEN}"}
    https_git.redirects["old"] = f"https://127.0.0.1:{https_git.port}/private"
    https_git.asked.clear()
    mirror = mirror_of(https_git.url("old/moved"), token)
    assert refusal(mirror).code == "repository-redirects"
    target = check(mirror.url, mirror.policy)
    following = [
        part.replace("http.followRedirects=false", "http.followRedirects=true")
        for part in call.command(["ls-remote", "--", target.text], target=target)
    ]
    with transport.secrets(target) as login:
        env = call.environment(target, os.environ) | login
        subprocess.run(following, env=env, capture_output=True, check=False)
    elsewhere = [a for a in https_git.asked if a.path.startswith("/private/")]
    assert elsewhere and all(asked.login is None for asked in elsewhere)
    del https_git.redirects["old"]


@pytest.mark.parametrize(
    ("verb", "question", "answers"),
    [
        ("get", "protocol=https\nhost={host}\n", True),
        ("get", "protocol=https\nhost=evil.example\n", False),
        ("get", "protocol=https\nhost={host}:444\n", False),
        ("get", "protocol=http\nhost={host}\n", False),
        ("get", "host={host}\n", False),
        ("store", "protocol=https\nhost={host}\n", False),
        ("erase", "protocol=https\nhost={host}\n", False),
    ],
)
def test_the_helper_answers_get_for_its_own_host_only(
    verb, question, answers, mirror_of, https_git, token
) -> None:
    mirror = mirror_of(https_git.url("private/x"), token)
    target = check(mirror.url, mirror.policy)
    setting = transport.configuration(target, 30)[-3]
    assert "helper=!" in setting
    command = setting.partition("=!")[2]
    with transport.secrets(target) as login:
        done = subprocess.run(
            [*shlex.split(command), verb],
            input=question.format(host=mirror.url.authority).encode() + b"\n",
            env=login,
            capture_output=True,
            check=True,
        )
    assert done.stdout.decode() == (f"username=ada\npassword={TOKEN}\n" if answers else "")


def test_no_secret_is_an_argument_or_a_file(mirror_of, https_git, ssh_git, token, key) -> None:
    for url, credential in ((https_git.url("private/x"), token), (ssh_git.url("x"), key)):
        mirror = mirror_of(url, credential)
        target = check(mirror.url, mirror.policy)
        with transport.secrets(target) as login:
            shown = " ".join(call.command(["fetch"], target=target))
            shown += login.get("GIT_SSH_COMMAND", "")
        for line in credential.secret.reveal().strip().splitlines():
            assert line not in shown
        assert credential.secret.reveal() not in repr(target)


def test_a_key_opens_a_repository_over_ssh(mirror_of, ssh_git, key) -> None:
    commit = ssh_git.commit("team/it's a repo")
    mirror = mirror_of(ssh_git.url("team/it's%20a%20repo"), key)
    assert mirror.resolve("main") == commit
    mirror.fetch(commit)
    assert mirror.read_file(commit, "train.py")
    mirror.require_reachable(commit, "main")


def test_a_key_that_the_host_does_not_know_is_refused(mirror_of, ssh_git, key) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    mirror = mirror_of(ssh_git.url("x"), replace(key, secret=Secret(other)))
    assert refusal(mirror).code == "credential-refused"


def test_an_unknown_host_key_is_refused_with_its_fingerprint(mirror_of, ssh_git, key) -> None:
    ssh_git.commit("team/known")
    asked = len(ssh_git.asked)
    error = refusal(mirror_of(ssh_git.url("team/known"), key, known_hosts=lambda: ""))
    assert error.code == "host-key-unknown"
    assert ssh_git.fingerprint in error.message
    assert error.context["fingerprint"] == ssh_git.fingerprint
    assert f"known-hosts add [localhost]:{ssh_git.port} --fingerprint" in error.hint
    assert len(ssh_git.asked) == asked


def test_a_changed_host_key_is_refused_with_its_fingerprint(mirror_of, ssh_git, key) -> None:
    old = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    known = f"[localhost]:{ssh_git.port} {old}"
    error = refusal(mirror_of(ssh_git.url("team/known"), key, known_hosts=lambda: known))
    assert error.code == "host-key-changed"
    assert ssh_git.fingerprint in error.message and "remove the old key" in error.hint


def test_the_users_ssh_configuration_and_agent_have_no_effect(
    mirror_of, ssh_git, key, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = ssh_git.commit("team/config")
    (folder / ".ssh").mkdir()
    (folder / ".ssh" / "config").write_text(f"Host *\n  ProxyCommand touch {folder}/ran\n")
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("GIT_SSH_COMMAND", f"touch {folder}/ran")
    monkeypatch.setenv("SSH_AUTH_SOCK", str(folder / "agent"))
    assert mirror_of(ssh_git.url("team/config"), key).resolve("main") == commit
    assert not (folder / "ran").exists()


def test_a_missing_repository_is_not_found_over_ssh(mirror_of, ssh_git, key) -> None:
    assert refusal(mirror_of(ssh_git.url("nothing"), key)).code == "repository-not-found"


def test_without_ssh_it_says_what_to_install(
    mirror_of, ssh_git, key, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "bin").mkdir()
    (folder / "bin" / "git").symlink_to(call.executable())
    monkeypatch.setenv("PATH", str(folder / "bin"))
    error = refusal(mirror_of(ssh_git.url("x"), key))
    assert isinstance(error, Unavailable) and error.code == "ssh-missing"
    assert "openssh-client" in error.hint


def test_mirrors_of_other_credentials_lie_apart(mirror_of, https_git, token) -> None:
    url = https_git.url("private/token")
    ways = [mirror_of(url), mirror_of(url, token), mirror_of(url, replace(token, id="t2"))]
    assert len({mirror.folder for mirror in ways}) == 3
    assert mirror_of(url, replace(token, secret=Secret("new"))).folder == ways[1].folder


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with proxying() as made:
        yield made


def test_git_goes_through_the_proxy_of_the_settings(mirror_of, https_git, token, proxy) -> None:
    commit = https_git.commit("private/proxied")
    mirror = mirror_of(https_git.url("private/proxied"), token, proxy=Secret(proxy.url))
    assert mirror.resolve("main") == commit
    assert proxy.tunnels == [f"localhost:{https_git.port}"]
    target = check(mirror.url, mirror.policy)
    assert not target.addresses and "hunter2" not in str(call.command(["fetch"], target=target))


def test_ssh_goes_through_the_proxy_too(mirror_of, ssh_git, key, proxy) -> None:
    commit = ssh_git.commit("team/proxied")
    mirror = mirror_of(ssh_git.url("team/proxied"), key, proxy=Secret(proxy.url))
    assert mirror.resolve("main") == commit
    assert proxy.tunnels == [f"localhost:{ssh_git.port}"]


def test_a_proxy_that_refuses_is_named_without_its_password(
    mirror_of, https_git, ssh_git, token, key, proxy
) -> None:
    wrong = Secret(proxy.url.replace("ada:", "eve:"))
    for url, credential in ((https_git.url("private/x"), token), (ssh_git.url("x"), key)):
        error = refusal(mirror_of(url, credential, proxy=wrong))
        assert error.code == "proxy-refused" and "TAXIWAY_PROXY" in error.hint
    assert proxy.tunnels == []


def test_a_certificate_that_is_in_no_bundle_is_refused(mirror_of, https_git, folder: Path) -> None:
    trustme.CA().cert_pem.write_to_path(str(folder / "other.pem"))
    https_git.commit("open/x")
    error = refusal(mirror_of(https_git.url("open/x"), ca_bundle=folder / "other.pem"))
    assert error.code == "certificate-not-trusted" and "TAXIWAY_CA_BUNDLE" in error.hint
