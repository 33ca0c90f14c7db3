from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import ssl
import subprocess
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme

from taxiway.environment import lock as locks
from taxiway.environment import python as pythons
from taxiway.environment import requirements
from taxiway.environment.lock import Lock
from taxiway.environment.policy import PackagePolicy
from taxiway.storage.cache import Cache, remove_tree
from taxiway.storage.store import Storage

# A build backend of its own, so that building needs nothing from any index.
BACKEND = """
import json, os, zipfile
def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    with open({marker!r}, "w") as file:
        json.dump(dict(os.environ), file)
    name = "{name}-{version}-py3-none-any.whl"
    info = "{name}-{version}.dist-info/"
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as wheel:
        wheel.writestr("{name}.py", "BUILT = True")
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "RECORD", "")
    return name
"""
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "{name}"
version = "{version}"
"""


@dataclass
class Index:
    """A package index on loopback: `simple/<name>/` and the files, with the requests counted."""

    folder: Path
    requests: list[str] = field(default_factory=list)
    max_age: int = 600  # seconds that a client may trust its copy, as on the public index
    before_answer: Callable[[str], None] = lambda path: None
    login: str = ""  # user:password that a client has to give
    server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        assert self.server
        return f"http://127.0.0.1:{self.server.server_port}/simple"

    def wheel(
        self,
        name: str,
        version: str = "1.0",
        *,
        files: dict[str, str] | None = None,
        requires: tuple[str, ...] = (),
        scripts: str = "",
        tag: str = "py3-none-any",
    ) -> Path:
        path = self.folder / "files" / f"{name}-{version}-{tag}.whl"
        info = f"{name}-{version}.dist-info"
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        contents = dict(files or {f"{name}.py": f"VERSION = {version!r}\n"}) | {
            f"{info}/METADATA": metadata + "".join(f"Requires-Dist: {one}\n" for one in requires),
            f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
        }
        if scripts:
            contents[f"{info}/entry_points.txt"] = f"[console_scripts]\n{scripts}\n"
        record = "".join(_record(name, text) for name, text in contents.items())
        contents[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
        with zipfile.ZipFile(path, "w") as archive:
            for name_in, text in contents.items():
                archive.writestr(zipfile.ZipInfo(name_in), text)
        self._list(name)
        return path

    def sdist(self, name: str, version: str = "1.0", *, marker: Path) -> Path:
        """A source package whose build writes its environment to `marker`."""
        path = self.folder / "files" / f"{name}-{version}.tar.gz"
        words = {"name": name, "version": version, "marker": str(marker)}
        with tarfile.open(path, "w:gz") as archive:
            for file, text in source_files(**words).items():
                info = tarfile.TarInfo(f"{name}-{version}/{file}")
                info.size = len(text.encode())
                archive.addfile(info, io.BytesIO(text.encode()))
        self._list(name)
        return path

    def repository(self, name: str, *, marker: Path) -> Path:
        """The sources of such a package in a Git repository, to be fetched over plain HTTP."""
        folder = self.folder / "git" / name
        folder.mkdir(parents=True)
        for file, text in source_files(name=name, version="1.0", marker=str(marker)).items():
            (folder / file).write_text(text)
        git(folder, "init", "--quiet", "--initial-branch=main")
        self.commit(folder)
        return folder

    def commit(self, folder: Path) -> None:
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", "--message=one")
        git(folder, "update-server-info")

    def _list(self, name: str) -> None:
        page = self.folder / "simple" / name
        page.mkdir(parents=True, exist_ok=True)
        links = [
            f'<a href="/files/{path.name}#sha256={sha256(path)}">{path.name}</a>'
            for path in sorted((self.folder / "files").glob(f"{name}-*"))
        ]
        (page / "index.html").write_text("<!DOCTYPE html>" + "".join(links))

    def count(self, part: str) -> int:
        return sum(part in path for path in self.requests)


def source_files(*, name: str, version: str, marker: str) -> dict[str, str]:
    words = {"name": name, "version": version, "marker": marker}
    return {
        "PKG-INFO": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        "pyproject.toml": PYPROJECT.format(**words),
        "backend.py": BACKEND.format(**words),
        "setup.py": f"open({marker!r}, 'w').write('setup.py ran')\n",
    }


def git(folder: Path, *args: str) -> None:
    who = {
        f"GIT_{one}_{two}": "t@example"
        for one in ("AUTHOR", "COMMITTER")
        for two in ("NAME", "EMAIL")
    }
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "GIT_CONFIG_GLOBAL": "/dev/null"} | who
    subprocess.run(["git", *args], cwd=folder, env=env, check=True)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _record(name: str, text: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
    return f"{name},sha256={digest.decode()},{len(text.encode())}\n"


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, *args: Any, index: Index, **kwargs: Any) -> None:
        self.index = index
        super().__init__(*args, directory=str(index.folder), **kwargs)

    def do_GET(self) -> None:
        self.index.requests.append(self.path)
        self.index.before_answer(self.path)
        wanted = "Basic " + base64.b64encode(self.index.login.encode()).decode()
        if self.index.login and self.headers.get("Authorization") != wanted:
            self.send_error(401)
            return
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # a uv that was killed
            super().do_GET()

    def end_headers(self) -> None:
        self.send_header("Cache-Control", f"max-age={self.index.max_age}")
        super().end_headers()

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def new_index(tmp_path: Path) -> Iterator[Callable[[str], Index]]:
    running: list[tuple[ThreadingHTTPServer, threading.Thread]] = []

    def start(name: str) -> Index:
        index = Index(tmp_path / name)
        (index.folder / "files").mkdir(parents=True)
        (index.folder / "simple").mkdir()
        index.server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, index=index))
        index.server.daemon_threads = True
        thread = threading.Thread(target=index.server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        running.append((index.server, thread))
        return index

    yield start
    for server, thread in running:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def https(new_index: Callable[[str], Index], tmp_path: Path) -> tuple[Index, PackagePolicy]:
    """A host with files behind TLS, and a policy that trusts its CA and allows its URLs."""
    host = new_index("https")
    assert host.server
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    host.server.socket = context.wrap_socket(host.server.socket, server_side=True)
    trust = (("SSL_CERT_FILE", str(tmp_path / "ca.pem")), ("UV_HTTP_RETRIES", "0"))
    return host, PackagePolicy(allow_urls=("localhost",), network=trust)


@pytest.fixture
def index(new_index: Callable[[str], Index]) -> Index:
    """alpha 1.0, which requires beta and has a console script; beta 1.0 and 2.0."""
    index = new_index("index")
    say = "def say():\n    print('alpha says', __file__)\n"
    index.wheel("alpha", files={"alpha.py": say}, requires=("beta",), scripts="alpha-say=alpha:say")
    index.wheel("beta", "1.0")
    index.wheel("beta", "2.0")
    return index


@pytest.fixture
def policy(index: Index) -> PackagePolicy:
    return PackagePolicy(default_index=index.url, network=(("UV_HTTP_RETRIES", "0"),))


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    yield Cache(tmp_path / "cache")
    remove_tree(tmp_path / "cache")  # root may write in read-only folders, others may not


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(f"file://{tmp_path}/storage")


@pytest.fixture
def resolve(policy: PackagePolicy, cache: Cache, storage: Storage) -> Callable[..., Lock]:
    """Requirements as text to a lock, with fields of the policy changed."""

    def resolved(text: str, **changes: Any) -> Lock:
        changed = replace(policy, **changes)
        found = requirements.parse(text, policy=changed, read=lambda path: None)
        return locks.resolve(
            found,
            interpreter=pythons.current(),
            policy=changed,
            cache=cache,
            storage=storage,
        )

    return resolved
