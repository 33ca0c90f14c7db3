from __future__ import annotations

import importlib
from typing import Any

import pytest
from fastapi.testclient import TestClient

from taxiway.server.credentials.ssh_keys import fingerprint, make_pair
from taxiway.server.known_hosts.queries import known_hosts_text

PATH = "/api/v1/known-hosts"
# As the hosts publish them; the keys themselves come with the migration.
FINGERPRINTS = {
    ("github.com", "ssh-ed25519"): "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU",
    ("github.com", "ecdsa-sha2-nistp256"): "SHA256:p2QAMXNIC1TJYWeIOttrVc98/R1BUFWu3/LiyKgUfQM",
    ("github.com", "ssh-rsa"): "SHA256:uNiVztksCsDhcc0u9e8BujQXVUpKZIDTMczCvj3tD2s",
    ("gitlab.com", "ssh-ed25519"): "SHA256:eUXGGm1YGsMAS7vkcx6JOJdOGHPem5gQp4taiCfCLB8",
    ("gitlab.com", "ecdsa-sha2-nistp256"): "SHA256:HbW3g8zUjNSksFbqTiUWPWg2Bq1x8xdGUrliXFzSnUw",
    ("gitlab.com", "ssh-rsa"): "SHA256:ROQFvPThGrW4RuWLoL9tq9I9zJ42fK4XywyRtbOz/EQ",
    ("bitbucket.org", "ssh-ed25519"): "SHA256:ybgmFkzwOSotHTHLJgHO0QN8L0xErw6vd0VhFA9m3SM",
    ("bitbucket.org", "ecdsa-sha2-nistp256"): "SHA256:FC73VB6C4OQLSCrjEayhMp9UMxS97caD/Yyi2bhW/J0",
    ("bitbucket.org", "ssh-rsa"): "SHA256:46OSHA1Rmj8E8ERTC6xkNcmGOw9oFxYr0WF6zWW8l1E",
}  # fmt: skip


def add(client: TestClient, status: int = 201, **fields: Any) -> dict[str, Any]:
    answer = client.post(PATH, json=fields)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_the_big_hosts_are_known_by_what_they_publish(client: TestClient) -> None:
    items = client.get(PATH).json()["items"]
    shown = {(one["host"], one["key_type"]): one["fingerprint"] for one in items}
    assert shown == FINGERPRINTS
    assert all(fingerprint(one["public_key"]) == one["fingerprint"] for one in items)
    revision = importlib.import_module(
        "taxiway.server.database.migrations.versions.b1d5e7f90a24_credentials"
    )
    assert {(host, kind) for host, kind, _ in revision.PUBLISHED} == FINGERPRINTS.keys()


@pytest.mark.parametrize(
    "form", ["{key}", "git.example {key}", "{key} somebody@somewhere", "{half}"]
)
def test_a_key_is_taken_as_programs_print_it(form: str, client: TestClient) -> None:
    key = make_pair().public
    text = form.format(key=key, half=key.split()[1])
    made = add(client, host="Git.Example", public_key=text, note="by phone")
    shown = {name: made[name] for name in ("host", "port", "key_type", "public_key", "note")}
    assert shown == {
        "host": "git.example",
        "port": None,
        "key_type": "ssh-ed25519",
        "public_key": key.split()[1],
        "note": "by phone",
    }
    assert made["fingerprint"] == fingerprint(key.split()[1])
    assert client.get(f"{PATH}/{made['id']}").json() == made
    assert client.get(PATH, params={"host": "git.example"}).json()["total"] == 1


def test_a_key_is_known_once_for_a_place_and_can_be_forgotten(client: TestClient) -> None:
    key = make_pair().public
    made = add(client, host="git.example:2222", public_key=key)
    again = add(client, 409, host="git.example", port=2222, public_key=key)
    assert again["code"] == "known-host-exists"
    add(client, host="git.example", public_key=key)
    etag = client.get(f"{PATH}/{made['id']}").headers["etag"]
    place = f"{PATH}/{made['id']}"
    assert client.get(place, headers={"If-None-Match": etag}).status_code == 304
    assert client.delete(place, headers={"If-Match": etag}).status_code == 204
    assert client.get(place).json()["code"] == "known-host-not-found"


def test_what_ssh_gets_names_each_place_as_ssh_does(client: TestClient) -> None:
    key = make_pair().public
    for host in ("any.example", "plain.example:22", "other.example:2222"):
        add(client, host=host, public_key=key)
    with client.app.state.database.reading() as session:  # type: ignore[attr-defined]
        lines = known_hosts_text(session).splitlines()
    assert f"any.example,[any.example]:* {key}" in lines
    assert f"plain.example {key}" in lines
    assert f"[other.example]:2222 {key}" in lines


@pytest.mark.parametrize(
    "fields",
    [
        {"host": "git.example"},
        {"host": "git.example", "public_key": "ssh-ed25519 AAAA"},
        {"host": "git.example", "public_key": "no key"},
        {"host": "git.example", "public_key": make_pair().public, "fingerprint": "SHA256:x"},
        {"host": "a b", "public_key": make_pair().public},
        {"host": "*", "public_key": make_pair().public},
        {"host": "a,b", "public_key": make_pair().public},
        {"host": "a\nb", "public_key": make_pair().public},
    ],
)
def test_what_cannot_be_known_is_refused(fields: dict[str, Any], client: TestClient) -> None:
    assert add(client, 422, **fields)["code"] in ("host-key-refused", "host-refused")


def test_a_host_that_may_not_be_reached_is_not_asked_for_its_keys(client: TestClient) -> None:
    refused = add(client, 403, host="127.0.0.1", fingerprint="SHA256:x")
    assert refused["code"] == "address-private"
