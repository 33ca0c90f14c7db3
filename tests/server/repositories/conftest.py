"""A service that reads repositories of this machine; nothing of it works in the background."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from taxiway.server.app import create_app
from taxiway.server.hooks import NoPublisher, NoRetirer
from taxiway.server.orchestrator.memory import MemoryOrchestrator
from taxiway.server.settings import load_settings
from taxiway.storage.cache import remove_tree

TRAIN = '''\
"""Training."""
from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Literal


class Mode(enum.Enum):
    """How it learns."""

    FAST = "fast"
    EXACT = "exact"


@dataclass
class Split:
    share: float
    seed: int = 0


def train_model(context, epochs: int = 3, mode: Mode = Mode.FAST, *, split: Split | None = None,
                rate: float | None = None, kind: Literal["a", "b"] = "a", frame: Frame = None,
                **kwargs) -> dict:
    """Train the model.

    Args:
        epochs: How often it sees all data.
        rate: The learning rate.
    """
    return {}


def evaluate(model, threshold: float = 0.5) -> float:
    """Evaluate a model."""
    return 0.0
'''


@dataclass
class Source:
    """A repository of a user, with a work tree."""

    path: Path

    @property
    def url(self) -> str:
        return f"file://{self.path}"

    def git(self, *arguments: str, moment: int = 1_700_000_000) -> str:
        dates = {f"GIT_{who}_DATE": f"{moment} +0100" for who in ("AUTHOR", "COMMITTER")}
        environment = {**os.environ, **dates}
        done = subprocess.run(
            ["git", *arguments], cwd=self.path, capture_output=True, text=True, env=environment
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(
        self, files: dict[str, str | bytes], message: str = "change", moment: int = 1_700_000_000
    ) -> str:
        for name, content in files.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message, moment=moment)
        return self.git("rev-parse", "HEAD")


@dataclass
class Reader:
    """The API, and the folder in which repositories may lie."""

    client: TestClient
    sources: Path

    def source(self, name: str) -> Source:
        made = Source(self.sources / name)
        made.path.mkdir(parents=True)
        made.git("init", "-q", "-b", "main")
        return made

    def register(self, url: str, status: int = 201, **fields: Any) -> Any:
        return self.ask("POST", "", status, json={"url": url, **fields})

    def get(self, place: str, status: int = 200, **query: Any) -> Any:
        return self.ask("GET", place, status, params=query)

    def ask(self, method: str, place: str, status: int, **request: Any) -> Any:
        answer = self.client.request(method, f"/api/v1/repositories{place}", **request)
        assert answer.status_code == status, answer.text
        return answer.json()

    def refused(self, place: str, status: int, code: str, **query: Any) -> Any:
        body = self.get(place, status, **query)
        assert (body["code"], body["status"]) == (code, status), body
        assert body["hint"], body
        return body


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Reader]:
    home = tmp_path_factory.mktemp("home")
    sources = tmp_path_factory.mktemp("sources")
    shutil.copy(sqlite_template, home / "taxiway.db")
    settings = load_settings(home=home, git_allow_local=str(sources))
    app = create_app(
        settings,
        MemoryOrchestrator(lambda dag_id: None),
        publisher=NoPublisher(),
        retirer=NoRetirer(),
    )
    yield Reader(TestClient(app, base_url="http://localhost:8000", follow_redirects=False), sources)
    app.state.database.close()
    remove_tree(home)


@pytest.fixture(scope="module")
def library(reader: Reader) -> Source:
    """A repository with something of everything."""
    made = reader.source("library")
    (made.path / "links").mkdir()
    (made.path / "links" / "passwd").symlink_to("/etc/passwd")
    (made.path / "links" / "code.py").symlink_to("../src/train.py")
    (made.path / "links" / "folder").symlink_to("../src")
    made.commit(
        {
            "README.md": "# Library\n",
            "src/train.py": TRAIN,
            "src/broken.py": "x = 1\n\ndef f(:\n    pass\n",
            "src/notes.ipynb": "{}",
            "data/logo.bin": b"\0\1\2",
            "data/latin.txt": "Grüße".encode("latin-1"),
            "data/utf16.txt": "Grüße\n".encode("utf-16"),
            "data/large.txt": "a" * 2_000_001,
            "data/model.bin": "version https://git-lfs.github.com/spec/v1\n"
            f"oid sha256:{'0' * 64}\nsize 12345678\n",
            "src/deep/inner.py": "def inner(): ...\n",
        },
        "First\n\nWith a body.",
    )
    return made


@pytest.fixture(scope="module")
def known(reader: Reader, library: Source) -> dict[str, Any]:
    """The library, registered."""
    found: dict[str, Any] = reader.register(library.url)
    return found


@pytest.fixture
def new_source(reader: Reader, request: pytest.FixtureRequest) -> Callable[[], Source]:
    return lambda: reader.source(request.node.name)
