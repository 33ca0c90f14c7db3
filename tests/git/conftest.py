"""Real repositories, and a real Git server over HTTPS on loopback."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trustme
from git_servers import GitHandler, https

from taxiway.git.mirror import Mirror
from taxiway.git.policy import GitPolicy
from taxiway.git.url import RepositoryUrl
from taxiway.storage.cache import Cache, remove_tree
from taxiway.storage.store import Storage

GIT_ENV = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_AUTHOR_DATE": "1700000000 +0000",
    "GIT_COMMITTER_NAME": "C",
    "GIT_COMMITTER_EMAIL": "c@example.com",
    "GIT_COMMITTER_DATE": "1700000000 +0000",
}


@dataclass
class Origin:
    """A repository with a work tree, as a user has one."""

    path: Path

    def git(self, *arguments: str, stdin: bytes | None = None) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.path, env=GIT_ENV, input=stdin, capture_output=True
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    def write(self, files: dict[str, str | bytes]) -> None:
        for name, content in files.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, files: dict[str, str | bytes] | None = None, message: str = "change") -> str:
        self.write(files or {})
        self.git("add", "-A", "--force")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def object(self, kind: str, data: bytes) -> str:
        """Write an object of any content, however wrong."""
        return self.git("hash-object", "-t", kind, "-w", "--literally", "--stdin", stdin=data)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """The test's folder; read-only trees in it are removed with it."""
    yield tmp_path
    for entry in tmp_path.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            remove_tree(entry)


@pytest.fixture
def new_origin(folder: Path) -> Callable[[str], Origin]:
    def make(name: str) -> Origin:
        origin = Origin(folder / "origins" / name)
        origin.path.mkdir(parents=True)
        origin.git("init", "-q", "-b", "main")
        return origin

    return make


@pytest.fixture
def origin(new_origin: Callable[[str], Origin]) -> Origin:
    made = new_origin("origin")
    made.commit({"train.py": "def train(): ...\n", "pkg/util.py": "x = 1\n"})
    return made


@pytest.fixture
def policy(folder: Path) -> GitPolicy:
    return GitPolicy(allow_local=(folder / "origins",), allow_hosts=("localhost",))


@pytest.fixture
def cache(folder: Path) -> Cache:
    return Cache(folder / "cache")


@pytest.fixture
def storage(folder: Path) -> Storage:
    return Storage(f"file://{folder}/storage")


@pytest.fixture
def mirror(origin: Origin, cache: Cache, policy: GitPolicy) -> Mirror:
    cache.root.mkdir(exist_ok=True)
    return Mirror(cache, RepositoryUrl.parse(str(origin.path)), policy)


@pytest.fixture
def in_threads() -> Callable[..., None]:
    """Run the functions side by side, to the end of all; the first that raised is told."""

    def run(*functions: Callable[[], object]) -> None:
        with ThreadPoolExecutor(len(functions)) as pool:
            for future in [pool.submit(function) for function in functions]:
                future.result(timeout=60)

    return run


@dataclass
class GitServer:
    """`git http-backend` behind HTTPS. `requests` holds (method, path, protocol) as they came."""

    port: int
    ca: Path
    requests: list[tuple[str, str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    protocol_2: bool = True
    status: int | None = None  # answer everything with this
    answers: list[int] = field(default_factory=list)  # of the next requests
    retry_after: str = ""
    broken: int = 0  # transfers that end in the middle
    endless: bool = False  # lists refs for as long as anybody listens
    redirect_to: str = ""
    stall: threading.Event | None = None  # transfers wait for it
    stalling: threading.Event = field(default_factory=threading.Event)

    def url(self, name: str) -> str:
        return f"https://localhost:{self.port}/{name}/.git"

    @property
    def transfers(self) -> int:
        return sum(method == "POST" for method, _, _ in self.requests)


class _Handler(GitHandler):
    def serve(self, body: bytes) -> None:
        told: GitServer = self.server.told
        protocol = self.headers.get("Git-Protocol", "") if told.protocol_2 else ""
        told.requests.append((self.command, self.path, protocol))
        told.headers.append(dict(self.headers))
        if told.redirect_to:
            self.answer(302, {"Location": told.redirect_to + self.path}, b"")
        elif told.answers:
            self.answer(told.answers.pop(0), {"Retry-After": told.retry_after}, b"")
        elif told.endless and self.command == "POST":
            self._list_without_end()
        elif told.broken and self.command == "POST":
            told.broken -= 1
            self.close_connection = True
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n0000")
        elif told.status:
            extra = {"WWW-Authenticate": "Basic"} if told.status == 401 else {}
            self.answer(told.status, extra, b"")
        else:
            if told.stall and self.command == "POST":
                told.stalling.set()
                told.stall.wait(60)
            self.backend(body, protocol)

    def _list_without_end(self) -> None:
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "application/x-git-upload-pack-result")
        self.end_headers()
        line = f"{'1' * 40} refs/heads/{'x' * 900}\n"
        chunk = f"{len(line) + 4:04x}{line}".encode() * 500
        with contextlib.suppress(OSError):  # until git is ended
            while True:
                self.wfile.write(chunk)


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server(
    folder: Path, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> Iterator[GitServer]:
    """Serves the test's origins; its certificate is trusted by SSL_CERT_FILE."""
    ca = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))
    for name in ("GIT_SSL_CAINFO", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(ca))
    with https(_Handler, folder / "origins", authority, lambda port: GitServer(port, ca)) as told:
        yield told
        if told.stall:
            told.stall.set()


@pytest.fixture
def web_mirror(server: GitServer, origin: Origin, cache: Cache, policy: GitPolicy) -> Mirror:
    cache.root.mkdir(exist_ok=True)
    return Mirror(cache, RepositoryUrl.parse(server.url("origin")), policy)
