"""Credentials at work: tried, deployed with, and sent to their own host only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from git_servers import HttpsGit, SshGit
from sqlalchemy import select

from taxiway.git.url import RepositoryUrl
from taxiway.server.database import AuditRow
from taxiway.server.releases.workshops import Workshops

pytestmark = pytest.mark.integration

TOKEN = "hunter2-for-git"


@pytest.fixture
def live(start: Callable[..., Any], https_git: HttpsGit) -> Any:
    https_git.logins["closed"] = {f"oauth2:{TOKEN}"}
    https_git.commit("closed/repository")
    return start(git_allow_hosts=("localhost", "127.0.0.1"), ca_bundle=https_git.ca)


@pytest.fixture
def known(live: Any, ssh_git: SshGit) -> None:
    host = {"host": f"localhost:{ssh_git.port}", "public_key": ssh_git.public_key}
    live.post("/known-hosts", host)


def token(live: Any, secret: str = TOKEN) -> dict[str, Any]:
    body = {"kind": "token", "host": "localhost", "secret": secret}
    made: dict[str, Any] = live.post("/credentials", body)
    return made


def ssh_key(live: Any, ssh_git: SshGit) -> dict[str, Any]:
    made: dict[str, Any] = live.post("/credentials", {"kind": "ssh", "host": "localhost"})
    ssh_git.keys.add(made["public_key"])
    return made


def tried(live: Any, credential: dict[str, Any], url: str) -> dict[str, Any]:
    found: dict[str, Any] = live.post(f"/credentials/{credential['id']}/test", {"url": url}, 200)
    assert "hunter2" not in str(found)
    return found


def deployed(live: Any, repository: str, credential: dict[str, Any]) -> dict[str, Any]:
    made = live.workflow("w", git_repository=repository, git_credential_id=credential["id"])
    live.task(made, "train", script_path="train.py", function_name="train")
    found: dict[str, Any] = live.deploy(made)
    return found


def test_a_deploy_uses_the_workflows_token_and_records_its_use(
    live: Any, https_git: HttpsGit
) -> None:
    made = token(live)
    commit = https_git.commit("closed/repository")
    release = deployed(live, https_git.url("closed/repository"), made)
    assert (release["state"], release["commit"]) == ("ready", commit)
    now = live.get(f"/credentials/{made['id']}")
    assert now["last_used_at"] and now["last_used_for"] == https_git.url("closed/repository")
    later = live.deploy(live.get("/workflows")["items"][0])
    assert later["state"] == "ready"
    again = live.get(f"/credentials/{made['id']}")
    assert again["last_used_at"] > now["last_used_at"]
    with live.database.reading() as session:
        uses = [row for row in session.scalars(select(AuditRow)) if row.action == "credential.use"]
    assert (
        len(uses) == 1 and uses[0].subject_id == made["id"] and "hunter2" not in str(uses[0].after)
    )


def test_nothing_that_a_worker_gets_holds_the_credential(
    live: Any, https_git: HttpsGit, home: Path, shared_cache: Path
) -> None:
    made = token(live)
    deployed(live, https_git.url("closed/repository"), made)
    storage = home / "storage"
    texts = [path.read_bytes() for path in storage.rglob("*") if path.is_file()]
    assert texts and not any(TOKEN.encode() in text for text in texts)
    assert not any(made["id"].encode() in text for text in texts)
    settings = live.client.app.state.settings
    assert "SECRET_KEY" not in str(settings.worker_environment())
    configs = [path.read_text() for path in shared_cache.rglob("config")]
    assert configs and not any("hunter2" in text for text in configs)


def test_a_deploy_over_ssh_needs_the_key_and_the_hosts_own(
    live: Any, ssh_git: SshGit, known: None
) -> None:
    commit = ssh_git.commit("team/repository")
    made = ssh_key(live, ssh_git)
    release = deployed(live, ssh_git.url("team/repository"), made)
    assert (release["state"], release["commit"]) == ("ready", commit)


def test_an_unknown_host_is_refused_until_its_fingerprint_is_confirmed(
    live: Any, ssh_git: SshGit
) -> None:
    ssh_git.commit("team/unknown")
    made = ssh_key(live, ssh_git)
    url = ssh_git.url("team/unknown")
    answer = tried(live, made, url)
    assert (answer["ok"], answer["code"]) == (False, "host-key-unknown")
    assert answer["fingerprint"] == ssh_git.fingerprint
    assert "known-hosts add" in answer["hint"]
    place = {"host": f"localhost:{ssh_git.port}"}
    refused = live.post("/known-hosts", place | {"fingerprint": "SHA256:" + "A" * 43}, 403)
    assert refused["code"] == "host-key-unknown" and ssh_git.fingerprint in refused["detail"]
    added = live.post("/known-hosts", place | {"fingerprint": answer["fingerprint"]})
    assert added["public_key"] in ssh_git.public_key
    assert tried(live, made, url)["ok"]


def test_a_changed_host_key_is_refused_until_the_old_one_is_removed(
    live: Any, ssh_git: SshGit, known: None
) -> None:
    ssh_git.commit("team/changed")
    made = ssh_key(live, ssh_git)
    url = ssh_git.url("team/changed")
    assert tried(live, made, url)["ok"]
    ssh_git.change_host_key()
    answer = tried(live, made, url)
    assert (answer["ok"], answer["code"]) == (False, "host-key-changed")
    assert answer["fingerprint"] == ssh_git.fingerprint and "remove" in answer["hint"]
    old = live.get("/known-hosts?host=localhost")["items"][0]
    assert live.client.delete(f"/api/v1/known-hosts/{old['id']}").status_code == 204
    place = {"host": "localhost", "port": ssh_git.port, "public_key": ssh_git.public_key}
    live.post("/known-hosts", place)
    assert tried(live, made, url)["ok"]


def test_a_test_says_what_happened(live: Any, https_git: HttpsGit) -> None:
    https_git.commit("open/repository")
    closed = https_git.url("closed/repository")
    good, bad = token(live), token(live, "hunter2-wrong")
    assert tried(live, good, closed) | {"hint": None} == tried(live, good, closed)
    assert tried(live, good, closed)["ok"]
    assert tried(live, bad, closed)["code"] == "credential-refused"
    assert tried(live, good, https_git.url("closed/lost"))["code"] == "repository-not-found"
    assert "anybody may read it" in tried(live, good, https_git.url("open/repository"))["hint"]
    assert live.get(f"/credentials/{good['id']}")["last_used_at"]
    refused = live.post(f"/credentials/{good['id']}/test", {"url": "http://x/y"}, 422)
    assert refused["code"] == "repository-scheme"


def test_a_credential_is_sent_to_its_own_host_only(live: Any, https_git: HttpsGit) -> None:
    made = token(live)
    https_git.asked.clear()
    other = f"https://127.0.0.1:{https_git.port}/closed/repository"
    answer = tried(live, made, other)
    assert (answer["ok"], answer["code"]) == (False, "credential-host-mismatch")
    assert https_git.asked == []
    answer = tried(live, made, "git@localhost:closed/repository")
    assert answer["code"] == "credential-kind-mismatch"
    policy = live.machinery.keyrings.for_repository(other, made["id"], reader="a test")
    own = live.machinery.keyrings.for_repository(
        https_git.url("closed/repository"), made["id"], reader="a test"
    )
    for ring in (policy.access.keyring, own.access.keyring):
        assert ring.for_url(parse(other)) is None
    assert own.access.keyring.for_url(parse(https_git.url("closed/repository"))).id == made["id"]


def test_a_submodule_at_another_host_gets_that_hosts_credential(live: Any) -> None:
    """And one at the workflow's own host gets the workflow's own, or none."""
    rings = live.machinery.keyrings
    first = live.post("/credentials", {"kind": "ssh", "host": "git.example"})
    second = live.post("/credentials", {"kind": "ssh", "host": "git.example"})
    other = live.post("/credentials", {"kind": "token", "host": "other.example", "secret": "x"})
    home = "ssh://git@git.example/o/r"
    ring = rings.for_repository(home, second["id"], reader="a test").access.keyring
    assert ring.for_url(parse(home)).id == second["id"]
    assert ring.for_url(parse("https://other.example/x")).id == other["id"]
    assert ring.for_url(parse("git@other.example:x")) is None
    assert ring.for_url(parse("https://third.example/x")) is None
    stranger = rings.for_repository("https://git.example/o/r", None, reader="a test").access.keyring
    assert stranger.for_url(parse("https://git.example/o/r")) is None
    assert stranger.for_url(parse("git@git.example:o/s")).id == first["id"]


parse = RepositoryUrl.parse


def test_the_token_of_an_indexs_host_signs_in_there_and_nowhere_else(live: Any) -> None:
    made = live.inline()
    live.post("/credentials", {"kind": "token", "host": "pypi.example.org", "secret": TOKEN})
    machinery = live.machinery
    packages = Workshops(machinery.shop, machinery.keyrings).of(made["id"], None).packages
    url = "https://pypi.example.org/simple"
    signed = f"https://__token__:{TOKEN}@pypi.example.org/simple"
    assert packages.signed_in(url) == signed
    assert packages.signed_in(f"ours={url}") == f"ours={signed}"
    for other in (
        "https://pypi.example.net/simple",
        "http://pypi.example.org/simple",
        "https://ada:hers@pypi.example.org/simple",
    ):
        assert packages.signed_in(other) == other
    [use] = live.get("/audit?action=credential.use")["items"]
    assert use["after"] == {"repository": url, "for": "packages of the workflow digits"}
    assert TOKEN not in repr(packages)
