from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("origins") / "group" / "shelf"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "train.py").write_text(
        'def train_model(context, epochs: int = 3):\n    """Train it."""\n'
    )
    (folder / "src" / "broken.py").write_text("def (:\n")
    (folder / "logo.bin").write_bytes(b"\0")
    for arguments in (
        ("init", "-q", "-b", "main"),
        ("add", "-A"),
        ("commit", "-q", "-m", "First \x1b[31mred"),
        ("tag", "v1"),
        ("mv", "src/train.py", "src/fit.py"),
        ("commit", "-q", "-m", "Second"),
    ):
        subprocess.run(["git", *arguments], cwd=folder, check=True, env=os.environ)
    return folder


def test_a_repository_is_read_from_the_shell(service: Any, origin: Path) -> None:
    added = service.json("repositories", "add", str(origin))
    assert added["url"] == f"file://{origin}"
    assert added["id"] in [one["id"] for one in service.json("repositories", "list")]
    for name in ("group/shelf", "shelf", added["url"], added["id"]):
        assert service.json("repositories", "show", name)["id"] == added["id"]
    refs = service.run("repositories", "refs", "shelf").stdout
    assert "main (default)" in refs
    assert "v1" in refs
    assert "src" in service.run("repositories", "tree", "shelf").stdout
    assert "fit.py" in service.run("repositories", "tree", "shelf", "src").stdout
    commits = service.run("repositories", "commits", "shelf").stdout
    assert "Second" in commits
    assert "\x1b[31m" not in commits
    assert [c["subject"] for c in service.json("repositories", "commits", "shelf", "-r", "v1")] == [
        "First \x1b[31mred"
    ]


def test_files_differences_and_functions_are_printed(service: Any, origin: Path) -> None:
    service.run("repositories", "add", str(origin))
    shown = service.run("repositories", "show", "shelf", "src/train.py", "--ref", "v1").stdout
    assert shown == (origin / "src" / "fit.py").read_text()
    told = service.run("repositories", "diff", "shelf", "v1", "main").stdout
    assert "renamed src/train.py -> src/fit.py" in told
    ended = service.run("repositories", "functions", "shelf")
    assert "train_model(context, epochs: int = 3)" in " ".join(ended.stdout.split())
    assert "Train it." in ended.stdout
    assert "src/broken.py:1: invalid syntax" in ended.stderr
    [found] = service.json("repositories", "functions", "shelf", "src/fit.py")
    assert found["functions"][0]["schema"]["properties"]["epochs"]["type"] == "integer"
    assert service.json("repositories", "refresh", "shelf")["default_branch"] == "main"


def test_what_cannot_be_shown_or_found_says_why(service: Any, origin: Path) -> None:
    service.run("repositories", "add", str(origin))
    binary = service.call("repositories", "show", "shelf", "logo.bin")
    assert binary.exit_code != 0
    assert "no text" in binary.stderr
    unknown = service.call("repositories", "tree", "nothing-like-it")
    assert unknown.exit_code != 0
    assert "hint:" in unknown.stderr
    gone = service.call("repositories", "show", "shelf", "src/train.py")
    assert "There is no src/train.py" in gone.stderr
