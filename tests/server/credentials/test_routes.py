from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from fastapi.testclient import TestClient
from sqlalchemy import select, text

from taxiway.server.credentials.ssh_keys import fingerprint, make_pair
from taxiway.server.database import AuditRow

PATH = "/api/v1/credentials"
TOKEN = "ghp_hunter2hunter2"


def make(client: TestClient, status: int = 201, **fields: Any) -> dict[str, Any]:
    body = {"kind": "token", "host": "github.com", **fields}
    if body["kind"] == "token" and not {"secret", "token"} & body.keys():
        body["secret"] = TOKEN
    answer = client.post(PATH, json=body)
    assert answer.status_code == status, answer.text
    assert "hunter2" not in answer.text
    found: dict[str, Any] = answer.json()
    return found


def private(key: Any = None, password: bytes | None = None, *, pem: bool = False) -> str:
    key = key or ed25519.Ed25519PrivateKey.generate()
    locked = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()  # fmt: skip
    form = serialization.PrivateFormat.PKCS8 if pem else serialization.PrivateFormat.OpenSSH
    text_: bytes = key.private_bytes(serialization.Encoding.PEM, form, locked)
    return text_.decode()


def test_a_token_goes_in_and_never_out(any_client: TestClient) -> None:
    made = make(any_client, name="deploys", username="ada")
    shown = {key: made[key] for key in ("name", "kind", "host", "port", "username", "public_key")}
    assert shown == {
        "name": "deploys",
        "kind": "token",
        "host": "github.com",
        "port": None,
        "username": "ada",
        "public_key": None,
    }
    assert (made["last_used_at"], made["last_used_for"], made["workflows"]) == (None, None, [])
    assert made["fingerprint"].startswith("scrypt:")
    for answer in (
        any_client.get(PATH),
        any_client.get(f"{PATH}/{made['id']}"),
        any_client.patch(f"{PATH}/{made['id']}", json={"secret": "hunter2-new"}),
        any_client.post(PATH, json={"kind": "token", "host": "x y", "secret": TOKEN}),
        any_client.post(PATH, json={"kind": "token", "host": "x", "secret": [TOKEN]}),
        any_client.post(PATH, json={"kind": "ssh", "host": "x", "secret": TOKEN}),
        any_client.post(PATH, json={"kind": "ssh", "host": "x", "passphrase": {"a": TOKEN}}),
    ):
        assert "hunter2" not in answer.text
    assert any_client.get(PATH).json()["total"] == 1


def test_nothing_of_a_secret_lies_in_database_or_record_or_log(
    client: TestClient, home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    made = make(client)
    client.patch(f"{PATH}/{made['id']}", json={"secret": "hunter2-other"})
    make(client, kind="ssh", secret=private())
    client.delete(f"{PATH}/{made['id']}")
    database = client.app.state.database  # type: ignore[attr-defined]
    with database.reading() as session:
        session.execute(text("PRAGMA wal_checkpoint"))
        actions = [
            row.action for row in session.scalars(select(AuditRow)) if row.kind == "credential"
        ]
    assert sorted(actions) == ["credential.create", "credential.create", "credential.delete", "credential.update"]  # fmt: skip
    stored = b"".join(path.read_bytes() for path in home.glob("taxiway.db*"))
    assert b"hunter2" not in stored and b"BEGIN OPENSSH" not in stored
    out, err = capfd.readouterr()
    assert "hunter2" not in out + err


@pytest.mark.integration
def test_a_pair_is_made_and_only_its_public_half_is_shown(client: TestClient, folder: Path) -> None:
    made = make(client, kind="ssh", host="git.example:2222")
    assert (made["host"], made["port"], made["name"]) == ("git.example", 2222, "git.example")
    kind, key = made["public_key"].split()
    assert kind == "ssh-ed25519" and made["fingerprint"] == fingerprint(key)
    (folder / "key.pub").write_text(made["public_key"])
    said = subprocess.run(
        ["ssh-keygen", "-lf", folder / "key.pub"], capture_output=True, text=True, check=True
    )
    assert made["fingerprint"] in said.stdout
    assert make(client, kind="ssh")["public_key"] != made["public_key"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.mark.parametrize("name", ["secret", "private_key"])
def test_a_private_key_is_taken_as_people_have_it(name: str, client: TestClient) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()  # fmt: skip
    for text_ in (private(key), private(key, pem=True), private(key).replace("\n", "\r\n").strip()):
        assert make(client, kind="ssh", **{name: text_})["public_key"] == public
    locked = make(client, kind="ssh", **{name: private(key, b"horse"), "passphrase": "horse"})
    assert locked["public_key"] == public
    pem = make(
        client, kind="ssh", **{name: private(key, b"horse", pem=True), "passphrase": "horse"}
    )
    assert pem["public_key"] == public


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"kind": "ssh", "secret": "no key"}, "private-key-refused"),
        ({"kind": "ssh", "secret": make_pair().public}, "private-key-refused"),
        ({"kind": "ssh", "secret": private(rsa.generate_private_key(65537, 1024))}, "private-key-refused"),
        ({"kind": "ssh", "secret": private(password=b"horse")}, "passphrase-refused"),
        ({"kind": "ssh", "secret": private(password=b"horse"), "passphrase": "b"}, "passphrase-refused"),
        ({"kind": "ssh", "username": "ada"}, "username-refused"),
        ({"kind": "token", "secret": "a\nb"}, "secret-refused"),
        ({"kind": "token", "secret": " "}, "secret-refused"),
        ({"kind": "token", "secret": None}, "secret-refused"),
        ({"kind": "token", "username": "a:b"}, "username-refused"),
        ({"kind": "token", "passphrase": "x"}, "passphrase-refused"),
        ({"host": "https://github.com"}, "host-refused"),
        ({"host": "git@github.com"}, "host-refused"),
        ({"host": "a b"}, "host-refused"),
        ({"host": "127.1"}, "host-refused"),
        ({"host": "a:22", "port": 23}, "host-refused"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused(
    fields: dict[str, Any], code: str, client: TestClient
) -> None:
    assert make(client, 422, **fields)["code"] == code


def test_a_new_secret_takes_the_old_ones_place_and_the_host_never_changes(
    client: TestClient,
) -> None:
    made = make(client)
    place = f"{PATH}/{made['id']}"
    changed = client.patch(place, json={"secret": "hunter2-new", "name": "n"}).json()
    assert changed["fingerprint"] != made["fingerprint"] and changed["name"] == "n"
    back = client.patch(place, json={"secret": TOKEN}).json()
    assert back["fingerprint"] == made["fingerprint"]
    for name, value in (("host", "evil.example"), ("kind", "ssh"), ("port", 1)):
        answer = client.patch(place, json={name: value})
        assert (answer.status_code, answer.json()["code"]) == (422, "field-read-only")
    assert client.patch(place, json=back).status_code == 200


def test_edits_are_not_lost_under_others(client: TestClient) -> None:
    made = client.post(PATH, json={"kind": "ssh", "host": "github.com"})
    place, etag = f"{PATH}/{made.json()['id']}", made.headers["etag"]
    assert client.get(place, headers={"If-None-Match": etag}).status_code == 304
    assert client.patch(place, json={"name": "a"}, headers={"If-Match": etag}).status_code == 200
    late = client.patch(place, json={"name": "b"}, headers={"If-Match": etag})
    assert (late.status_code, late.json()["code"]) == (412, "edit-conflict")
    assert client.delete(place, headers={"If-Match": etag}).status_code == 412
    assert client.delete(place).status_code == 204
    assert client.get(place).json()["code"] == "credential-not-found"


def test_a_list_has_filters_and_pages(client: TestClient) -> None:
    for number in range(3):
        make(client, name=f"n{number}", host="github.com" if number else "gitlab.com")
    make(client, name="key", kind="ssh")
    found = client.get(PATH, params={"limit": 2}).json()
    assert [one["name"] for one in found["items"]] == ["key", "n0"] and found["total"] == 4
    rest = client.get(PATH, params={"limit": 2, "cursor": found["next_cursor"]}).json()
    assert [one["name"] for one in rest["items"]] == ["n1", "n2"]
    assert client.get(PATH, params={"kind": "ssh"}).json()["total"] == 1
    assert client.get(PATH, params={"host": "GitLab.com"}).json()["total"] == 1


def test_a_credential_in_use_says_by_whom_and_stays(client: TestClient) -> None:
    made = make(client)
    workflow = client.post(
        "/api/v1/workflows",
        json={
            "name": "w",
            "git_repository": "https://github.com/o/r",
            "git_credential_id": made["id"],
        },
    ).json()
    place = f"{PATH}/{made['id']}"
    assert client.get(place).json()["workflows"] == [{"id": workflow["id"], "name": "w"}]
    answer = client.delete(place)
    assert (answer.status_code, answer.json()["code"]) == (409, "credential-in-use")
    assert "w" in answer.json()["detail"]
    client.delete(f"/api/v1/workflows/{workflow['id']}")
    assert client.delete(place).status_code == 204


def test_a_ciphertext_that_was_copied_in_the_database_opens_for_nobody(client: TestClient) -> None:
    one, two = make(client), make(client, secret="hunter2-two")
    with client.app.state.database.writing() as session:  # type: ignore[attr-defined]
        session.execute(
            text("UPDATE credentials SET secret = (SELECT secret FROM credentials WHERE id = :one) WHERE id = :two"),
            {"one": one["id"], "two": two["id"]},
        )  # fmt: skip
    answer = client.post(f"{PATH}/{two['id']}/test", json={"url": "https://github.com/o/r"})
    assert (answer.status_code, answer.json()["code"]) == (503, "secret-damaged")
    assert base64.b64encode(TOKEN.encode()).decode() not in json.dumps(answer.json())
