"""Real Git servers on the loopback: `git http-backend` over HTTPS, `git-upload-pack` over SSH.

Both serve the folder that they are given; a repository in it is named by its path below it.
The fixtures `https_git` and `ssh_git` last a whole run: who uses them adds repositories, users and
keys of its own, and may look at what was asked for.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import shlex
import shutil
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

import asyncssh
import pytest
import trustme

T = TypeVar("T")
ENV = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
}


def make_repository(path: Path, files: dict[str, str]) -> str:
    """A repository with one more commit of these files on `main`; the full commit."""
    if not path.exists():
        path.mkdir(parents=True)
        _git(path, "init", "-q", "-b", "main")
    for name, text in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)
    _git(path, "add", "-A", "--force")
    _git(path, "commit", "-q", "--allow-empty", "-m", "Change")
    return _git(path, "rev-parse", "HEAD")


def _git(path: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=path, env=ENV, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@dataclass
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]

    @property
    def login(self) -> str | None:
        """`user:password` of basic authentication."""
        kind, _, text = self.headers.get("Authorization", "").partition(" ")
        return base64.b64decode(text).decode() if kind == "Basic" else None


@dataclass
class HttpsGit:
    """A Git host over HTTPS. `logins` names who may read what lies below a first folder; the
    rest is for everybody. `redirects` sends a first folder elsewhere."""

    root: Path
    port: int
    ca: Path
    logins: dict[str, set[str]] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    host: str = "localhost"

    def url(self, name: str) -> str:
        return f"https://{self.host}:{self.port}/{name}"

    def commit(self, name: str, files: dict[str, str] | None = None) -> str:
        return make_repository(self.root / name, files or {"train.py": "def train(): ...\n"})


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    context: ssl.SSLContext
    root: Path
    told: Any

    def get_request(self):
        connection, address = super().get_request()
        secure = self.context.wrap_socket(
            connection, server_side=True, do_handshake_on_connect=False
        )
        return secure, address

    def handle_error(self, request, client_address) -> None:
        """A client that went away is part of the tests."""


class GitHandler(BaseHTTPRequestHandler):
    """Hands each request with its body to `serve`, which may leave it to `git http-backend`."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def serve(self, body: bytes) -> None:
        raise NotImplementedError

    def do_GET(self) -> None:
        self.serve(b"")

    def do_POST(self) -> None:
        body = b""
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.serve(body)

    def backend(self, body: bytes, protocol: str) -> None:
        path, _, query = self.path.partition("?")
        env = ENV | {
            "GIT_PROJECT_ROOT": str(self.server.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": protocol,
        }
        done = subprocess.run(["git", "http-backend"], env=env, input=body, capture_output=True)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
        status = int(headers.pop("Status", "200 OK").split()[0])
        self.answer(status, headers, content)

    def answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@contextlib.contextmanager
def https(
    handler: type[GitHandler], root: Path, authority: trustme.CA, told: Callable[[int], T]
) -> Iterator[T]:
    """Serve what lies below `root`; `told(port)` is what a test tells the server and hears of it,
    in the handler `self.server.told`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    listening = _Server(("127.0.0.1", 0), handler)
    listening.context, listening.root = context, root
    listening.told = found = told(listening.server_address[1])
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield found
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()


class _Handler(GitHandler):
    def serve(self, body: bytes) -> None:
        told: HttpsGit = self.server.told
        asked = Asked(self.command, self.path, dict(self.headers))
        told.asked.append(asked)
        first = self.path.strip("/").partition("/")[0].partition("?")[0]
        if first in told.redirects:
            self.answer(302, {"Location": told.redirects[first] + self.path}, b"")
        elif first in told.logins and asked.login not in told.logins[first]:
            self.answer(401, {"WWW-Authenticate": 'Basic realm="Git"'}, b"")
        else:
            self.backend(body, self.headers.get("Git-Protocol", ""))


def serve_https(folder: Path, authority: trustme.CA) -> Iterator[HttpsGit]:
    """A server of `folder`/repositories, until the generator is closed."""
    root, ca = folder / "repositories", folder / "ca.pem"
    root.mkdir(parents=True)
    authority.cert_pem.write_to_path(str(ca))
    with https(_Handler, root, authority, lambda port: HttpsGit(root, port, ca)) as told:
        yield told


class SshGit:
    """A Git host over SSH: `keys` are the public keys that may read, `asked` the commands.
    `answers` are what other programs than git's print."""

    host = "localhost"

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True)
        self.root = root
        self.keys: set[str] = set()
        self.asked: list[str] = []
        self.answers: dict[str, bytes] = {}
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._call(self._listen())

    def url(self, name: str) -> str:
        return f"ssh://git@{self.host}:{self.port}/{name}"

    def commit(self, name: str, files: dict[str, str] | None = None) -> str:
        return make_repository(self.root / name, files or {"train.py": "def train(): ...\n"})

    @property
    def public_key(self) -> str:
        """The host's own key, as `type base64`."""
        return " ".join(self.host_key.export_public_key().decode().split()[:2])

    @property
    def fingerprint(self) -> str:
        return self.host_key.get_fingerprint()

    def change_host_key(self) -> None:
        """Be another host from now on, at the same port."""
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        self._call(self._close())
        self._call(self._listen())

    def stop(self) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    async def _listen(self) -> None:
        self._listening = await asyncssh.listen(
            "127.0.0.1",
            self.port,
            server_factory=lambda: _Login(self),
            server_host_keys=[self.host_key],
            process_factory=self._serve,
            encoding=None,
            agent_forwarding=False,
        )
        self.port = self._listening.get_port()

    async def _close(self) -> None:
        self._listening.close()
        await self._listening.wait_closed()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        command = process.command or ""
        self.asked.append(command)
        program, _, name = command.partition(" ")
        if program in self.answers:
            process.stdout.write(self.answers[program])
            process.exit(0)
            return
        path = (self.root / shlex.split(name)[0].lstrip("/")).resolve() if name else self.root
        if program != "git-upload-pack" or not path.is_dir():
            process.stderr.write(b"ERROR: Repository not found.\n")
            process.exit(1)
            return
        running = await asyncio.create_subprocess_exec(
            *("git", "upload-pack", str(path)),
            env=ENV | {"GIT_PROTOCOL": process.env.get("GIT_PROTOCOL", "")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert running.stdin and running.stdout and running.stderr
        sending = asyncio.create_task(_pump(process.stdin, running.stdin, close=True))
        await asyncio.gather(
            _pump(running.stdout, process.stdout), _pump(running.stderr, process.stderr)
        )
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        process.exit(await running.wait())


async def _pump(source, sink, *, close: bool = False) -> None:
    try:
        while data := await source.read(1 << 16):
            sink.write(data)
            await sink.drain()
    except (OSError, asyncssh.Error):
        pass  # the other side has gone
    finally:
        if close:
            sink.close()


class _Login(asyncssh.SSHServer):
    def __init__(self, host: SshGit) -> None:
        self._host = host

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        given = key.export_public_key().decode().split()[:2]
        return username == "git" and " ".join(given) in {
            " ".join(known.split()[:2]) for known in self._host.keys
        }


def serve_ssh(folder: Path) -> Iterator[SshGit]:
    """A server of `folder`/repositories, until the generator is closed."""
    if shutil.which("ssh") is None:
        pytest.fail("These tests need the real OpenSSH client: apt install openssh-client")
    host = SshGit(folder / "repositories")
    try:
        yield host
    finally:
        host.stop()
