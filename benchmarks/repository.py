"""A small Git repository with one function that does nothing."""

from __future__ import annotations

import os
from pathlib import Path

from taxiway.process import run

STEPS = "import time\n\n\ndef step():\n    print('began', time.time(), flush=True)\n    return 1\n"


class SmallRepository:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self._git("init", "--quiet", "--initial-branch=main")
        self.commit("first")

    @property
    def url(self) -> str:
        return f"file://{self.folder}"

    def commit(self, note: str) -> None:
        """A new commit, whose tree is new too."""
        (self.folder / "steps.py").write_text(STEPS)
        (self.folder / "note.txt").write_text(note)
        self._git("add", "--all")
        self._git("commit", "--quiet", "-m", "Change")

    def add(self, files: dict[str, str]) -> str:
        """A commit with these files; its id."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self._git("add", "--all")
        self._git("commit", "--quiet", "-m", "Change")
        return self._git("rev-parse", "HEAD")

    def _git(self, *arguments: str) -> str:
        person = {"NAME": "Ada", "EMAIL": "ada@example.org"}
        env = {
            "PATH": os.environ["PATH"],
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            **{f"GIT_{who}_{k}": v for who in ("AUTHOR", "COMMITTER") for k, v in person.items()},
        }
        done = run(["git", *arguments], env=env, cwd=self.folder, timeout=60)
        if done.returncode:
            raise RuntimeError(done.complaint)
        return done.stdout.decode().strip()
