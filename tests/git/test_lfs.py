"""LFS objects: from a folder beside a local repository, and from a real server over HTTPS."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import asyncssh
import pytest
import trustme
from git_servers import SshGit

from taxiway.errors import Denied, Invalid, NotFound, TaxiwayError, Unavailable
from taxiway.git.access import Access, Credential, OneKey
from taxiway.git.composition import compose
from taxiway.git.export import export_snapshot
from taxiway.git.files import Files
from taxiway.git.mirror import Mirror
from taxiway.git.pointers import Pointer, parse
from taxiway.git.policy import check
from taxiway.git.snapshot import use_snapshot
from taxiway.git.transport import host_key_alias
from taxiway.git.url import RepositoryUrl
from taxiway.redaction import Secret

pytestmark = pytest.mark.integration

CONTENT = os.urandom(70_000)


def pointer_of(content: bytes) -> str:
    oid = hashlib.sha256(content).hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(content)}\n"


def commit_pointer(origin, content: bytes = CONTENT, path: str = "data/model.bin") -> str:
    return str(
        origin.commit(
            {".gitattributes": "*.bin filter=lfs diff=lfs -text\n", path: pointer_of(content)}
        )
    )


def store_beside(origin, content: bytes = CONTENT, *, named: bytes = CONTENT) -> None:
    oid = hashlib.sha256(named).hexdigest()
    path = origin.path / ".git/lfs/objects" / oid[:2] / oid[2:4] / oid
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "version https://git-lfs.github.com/spec/v1\n",
        pointer_of(b"x").replace("sha256", "md5"),
        pointer_of(b"x") + "more\n",
        pointer_of(b"x").replace("size 1", "size -1"),
        pointer_of(b"x").replace("v1", "v2"),
    ],
)
def test_only_a_pointer_to_the_letter_is_one(text: str) -> None:
    assert parse(text.encode()) is None


def test_a_pointer_tells_sha256_and_size() -> None:
    assert parse(pointer_of(b"abc").encode()) == Pointer(hashlib.sha256(b"abc").hexdigest(), 3)


def test_objects_beside_a_local_repository_are_sealed(mirror, origin, storage, cache) -> None:
    commit = commit_pointer(origin)
    store_beside(origin)
    tree = export_snapshot(mirror, commit, storage)
    assert len(tree) == 64
    with use_snapshot(tree, storage, cache) as root:
        assert (root / "data/model.bin").read_bytes() == CONTENT


def test_what_attributes_do_not_give_to_lfs_stays_a_text(mirror, origin, storage, cache) -> None:
    commit = origin.commit(
        {".gitattributes": "*.bin filter=lfs\n", "doc/pointer.txt": pointer_of(b"abc")}
    )
    assert compose(Files(mirror, commit)).lfs == {}
    with use_snapshot(export_snapshot(mirror, commit, storage), storage, cache) as root:
        assert (root / "doc/pointer.txt").read_text() == pointer_of(b"abc")


def test_attributes_above_a_folder_count_in_it(mirror, origin, storage, cache) -> None:
    origin.git("config", "uploadpack.allowFilter", "true")
    commit = commit_pointer(origin, path="ml/data/model.bin")
    store_beside(origin)
    tree = export_snapshot(mirror, commit, storage, subdirectory="ml")
    with use_snapshot(tree, storage, cache) as root:
        assert (root / "data/model.bin").read_bytes() == CONTENT


@pytest.mark.parametrize(
    "content",
    [CONTENT[:-1], CONTENT + b"x", b"x" * len(CONTENT)],
    ids=["shorter", "longer", "another"],
)
def test_an_object_that_is_not_its_pointers_is_refused(mirror, origin, storage, content) -> None:
    commit = commit_pointer(origin)
    store_beside(origin, content)
    with pytest.raises(Invalid) as caught:
        export_snapshot(mirror, commit, storage)
    assert caught.value.code == "lfs-object-differs"
    assert list(storage.names("snapshots")) == []


def test_an_object_that_is_a_link_or_not_there_is_missing(mirror, origin, storage) -> None:
    commit = commit_pointer(origin)
    oid = hashlib.sha256(CONTENT).hexdigest()
    place = origin.path / ".git/lfs/objects" / oid[:2] / oid[2:4] / oid
    place.parent.mkdir(parents=True)
    place.symlink_to("/etc/passwd")
    with pytest.raises(NotFound) as caught:
        export_snapshot(mirror, commit, storage)
    assert caught.value.code == "lfs-object-missing"


def test_objects_are_counted_apart(mirror, origin, storage) -> None:
    commit = commit_pointer(origin)
    store_beside(origin)
    small = replace(mirror.policy, limits=replace(mirror.policy.limits, lfs_bytes=69_999))
    with pytest.raises(Invalid) as caught:
        export_snapshot(Mirror(mirror.cache, mirror.url, small), commit, storage)
    assert caught.value.code == "lfs-too-large"
    assert not (mirror.cache.root / "lfs").exists()
    tight = replace(mirror.policy, limits=replace(mirror.policy.limits, total_bytes=60_000))
    export_snapshot(Mirror(mirror.cache, mirror.url, tight), commit, storage)


def test_who_may_read_a_pointer_may_not_yet_read_what_it_stands_for(
    mirror, origin, new_origin, storage
) -> None:
    store_beside(origin)
    export_snapshot(mirror, commit_pointer(origin), storage)
    stranger = new_origin("stranger")
    commit = stranger.commit({"train.py": "def train(): ...\n", "pkg/util.py": "x = 1\n"})
    commit = commit_pointer(stranger)
    other = Mirror(mirror.cache, RepositoryUrl.parse(str(stranger.path)), mirror.policy)
    with pytest.raises(NotFound) as caught:
        export_snapshot(other, commit, storage)
    assert caught.value.code == "lfs-object-missing"


@dataclass
class LfsServer:
    """A batch API, and objects at another host name. `requests` are (host, path, authorization)."""

    port: int
    objects: dict[str, bytes] = field(default_factory=dict)
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)
    href: str = "https://127.0.0.1:{port}/objects/{oid}?signature=s3cr3t"
    status: list[int] = field(default_factory=list)  # of the next answers
    retry_after: str = ""
    token: str = ""
    redirect: str = ""
    omit: bool = False

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}/team/repo"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        told: LfsServer = self.server.told
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self._heard(told):
            return
        if told.token and told.token not in (self.headers.get("Authorization") or ""):
            self._answer(401, b"{}")
            return
        made: list[dict[str, Any]] = []
        for one in body["objects"]:
            if one["oid"] in told.objects:
                href = told.href.format(port=told.port, oid=one["oid"])
                made.append({**one, "actions": {"download": {"href": href}}})
            elif not told.omit:
                made.append({**one, "error": {"code": 404, "message": "Object does not exist"}})
        self._answer(200, json.dumps({"transfer": "basic", "objects": made}).encode())

    def do_GET(self) -> None:
        told: LfsServer = self.server.told
        if self._heard(told):
            name = self.path.partition("?")[0].rpartition("/")[2]
            self._answer(200, told.objects.get(name, b""))

    def _heard(self, told: LfsServer) -> bool:
        told.requests.append((self.headers["Host"], self.path, self.headers.get("Authorization")))
        if told.redirect:
            self._answer(307, b"", {"Location": told.redirect})
        elif told.status and (status := told.status.pop(0)) != 200:
            self._answer(status, b"", {"Retry-After": told.retry_after})
        else:
            return True
        return False

    def _answer(self, status: int, data: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def lfs(folder: Path, authority: trustme.CA, monkeypatch) -> Iterator[LfsServer]:
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "ca.pem"))
    for name in ("GIT_SSL_CAINFO", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    listening = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    listening.daemon_threads = True
    listening.socket = context.wrap_socket(listening.socket, server_side=True)
    listening.told = LfsServer(listening.server_address[1])  # type: ignore[attr-defined]
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield listening.told  # type: ignore[attr-defined]
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()


@pytest.fixture
def elsewhere(mirror: Mirror, origin, lfs: LfsServer) -> str:
    """A commit whose `.lfsconfig` names the server."""
    lfs.objects[hashlib.sha256(CONTENT).hexdigest()] = CONTENT
    origin.write({".lfsconfig": f"[lfs]\n\turl = {lfs.url}.git/info/lfs\n"})
    return commit_pointer(origin)


def opened(mirror: Mirror, *hosts: str, token: str = "") -> Mirror:
    access = Access.none()
    if token:
        credential = Credential("c1", "token", "localhost", "ada", Secret(token))
        access = Access(OneKey(credential))
    policy = replace(mirror.policy, allow_hosts=hosts, access=access)
    return Mirror(mirror.cache, mirror.url, policy)


def test_objects_come_by_the_batch_api_and_the_credential_stays_at_its_host(
    mirror: Mirror, lfs: LfsServer, elsewhere: str, storage, cache
) -> None:
    lfs.token = "YWRhOmh1bnRlcjI="
    told = opened(mirror, "localhost", "127.0.0.1", token="hunter2")
    tree = export_snapshot(told, elsewhere, storage)
    with use_snapshot(tree, storage, cache) as root:
        assert (root / "data/model.bin").read_bytes() == CONTENT
    [batch, download] = lfs.requests
    assert batch[0] == f"localhost:{lfs.port}"
    assert batch[1] == "/team/repo.git/info/lfs/objects/batch" and batch[2]
    assert download[0] == f"127.0.0.1:{lfs.port}" and download[2] is None
    lfs.requests.clear()
    assert export_snapshot(told, elsewhere, storage) == tree
    assert lfs.requests == []


def failing(mirror: Mirror, commit: str, storage) -> TaxiwayError:
    with pytest.raises(TaxiwayError) as caught:
        export_snapshot(mirror, commit, storage)
    assert "s3cr3t" not in str(caught.value) and caught.value.hint
    return caught.value


def test_each_refusal_of_the_server_has_its_error(mirror, lfs, elsewhere, storage) -> None:
    told = opened(mirror, "localhost", "127.0.0.1")
    lfs.token = "never"
    assert isinstance(failing(told, elsewhere, storage), Denied)
    lfs.token = ""
    lfs.redirect = f"https://127.0.0.1:{lfs.port}/elsewhere"
    assert failing(told, elsewhere, storage).code == "lfs-refused"
    assert all("elsewhere" not in path for _, path, _ in lfs.requests)
    lfs.redirect = ""
    lfs.status = [500, 500, 500]
    error = failing(told, elsewhere, storage)
    assert type(error) is Unavailable and error.code == "lfs-unreachable"
    lfs.objects.clear()
    assert failing(told, elsewhere, storage).code == "lfs-object-missing"
    lfs.omit = True
    assert failing(told, elsewhere, storage).code == "lfs-object-missing"


def test_a_server_that_asks_to_wait_is_waited_for(mirror, lfs, elsewhere, storage) -> None:
    lfs.status, lfs.retry_after = [429], "1"
    export_snapshot(opened(mirror, "localhost", "127.0.0.1"), elsewhere, storage)
    lfs.status, lfs.retry_after = [429], "3600"
    mirror.cache.path("lfs", "x").parent.rename(mirror.cache.root / "old")
    for name in list(storage.names("snapshots")):
        (storage.folder / "snapshots" / name).unlink()
    error = failing(opened(mirror, "localhost", "127.0.0.1"), elsewhere, storage)
    assert isinstance(error, Unavailable)


def test_no_address_that_the_policy_refuses_is_asked(mirror, lfs, elsewhere, storage) -> None:
    assert failing(opened(mirror), elsewhere, storage).code == "address-private"
    assert lfs.requests == []
    error = failing(opened(mirror, "localhost"), elsewhere, storage)  # the objects lie elsewhere
    assert error.code == "address-private" and len(lfs.requests) == 1
    lfs.href = "http://localhost/objects/{oid}"
    told = opened(mirror, "localhost", "127.0.0.1")
    assert failing(told, elsewhere, storage).code == "repository-scheme"
    lfs.href = "file:///etc/passwd#{oid}"
    assert isinstance(failing(told, elsewhere, storage), (Invalid, Denied))


def test_a_wrong_object_of_a_server_is_refused(mirror, lfs, elsewhere, storage) -> None:
    [oid] = lfs.objects
    for content in (CONTENT + b"x" * 10_000_000, b"short", b"y" * len(CONTENT)):
        lfs.objects[oid] = content
        error = failing(opened(mirror, "localhost", "127.0.0.1"), elsewhere, storage)
        assert error.code == "lfs-object-differs"


@pytest.fixture
def by_ssh(ssh_git: SshGit, mirror: Mirror) -> Mirror:
    """A repository over ssh, with a key that may read it, and its files in LFS."""
    oid = pointer_of(CONTENT)
    ssh_git.commit("team/repo", {".gitattributes": "*.bin filter=lfs\n", "model.bin": oid})
    key = asyncssh.generate_private_key("ssh-ed25519")
    ssh_git.keys.add(key.export_public_key().decode())
    secret = Secret(key.export_private_key().decode())
    known = f"{host_key_alias('localhost', ssh_git.port)} {ssh_git.public_key}\n"
    ring = OneKey(Credential("c2", "ssh", "localhost", None, secret))
    access = Access(ring, known_hosts=lambda: known)
    policy = replace(mirror.policy, allow_hosts=("localhost", "127.0.0.1", "::1"), access=access)
    return Mirror(mirror.cache, RepositoryUrl.parse(ssh_git.url("team/repo")), policy)


def test_over_ssh_the_host_says_where_objects_are_and_gives_a_token_for_it(
    by_ssh: Mirror, ssh_git: SshGit, lfs: LfsServer, storage, cache
) -> None:
    lfs.objects[hashlib.sha256(CONTENT).hexdigest()] = CONTENT
    lfs.token = "short-lived"
    said = {
        "href": f"{lfs.url}.git/info/lfs",
        "header": {"Authorization": "RemoteAuth short-lived"},
    }
    ssh_git.answers["git-lfs-authenticate"] = json.dumps(said).encode()
    commit = by_ssh.resolve("main")
    tree = export_snapshot(by_ssh, commit, storage)
    with use_snapshot(tree, storage, cache) as root:
        assert (root / "model.bin").read_bytes() == CONTENT
    assert "git-lfs-authenticate team/repo download" in ssh_git.asked
    [batch, download] = lfs.requests
    assert batch[2] == "RemoteAuth short-lived"
    assert download[0].startswith("127.0.0.1") and download[2] is None  # another host


def test_a_host_that_has_no_lfs_over_ssh_is_named(by_ssh: Mirror, ssh_git: SshGit, storage) -> None:
    ssh_git.answers.pop("git-lfs-authenticate", None)
    error = failing(by_ssh, by_ssh.resolve("main"), storage)
    assert error.code == "lfs-refused" and "localhost" in error.message


def test_the_next_address_that_was_judged_is_asked_where_the_first_is_silent(
    by_ssh: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve = socket.getaddrinfo

    def both(host: str, *rest: Any, **named: Any) -> list[Any]:
        hosts = ("::1", "127.0.0.1") if host == "localhost" else (host,)
        return [found for one in hosts for found in resolve(one, *rest, **named)]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    assert check(by_ssh.url, by_ssh.policy).addresses == ("::1", "127.0.0.1")
    assert by_ssh.refs()
