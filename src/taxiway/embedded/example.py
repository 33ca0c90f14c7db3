"""An example of `examples/` as a Git repository of the user's own, with commits to deploy."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import taxiway
from taxiway import process
from taxiway.errors import NotFound, Unavailable


def examples() -> Path:
    """The folder of examples: beside the source, or inside the installed package."""
    package = Path(taxiway.__file__).parent
    for folder in (package.parents[1] / "examples", package / "examples"):
        if folder.is_dir():
            return folder
    raise NotFound(
        "examples-missing",
        "This installation of Taxiway came without its examples",
        hint="Install it again from a release, or from the repository.",
    )


class ExampleRepository:
    """A repository at `folder`, whose files are those of the example `name` to begin with."""

    def __init__(self, name: str, folder: Path) -> None:
        self.folder = folder
        self._origin = examples() / name

    @property
    def url(self) -> str:
        return f"file://{self.folder}"

    def begin(self) -> str:
        """Commit the example's files as they were shipped; returns the full commit."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not (self.folder / ".git").exists():
            self._git("init", "--quiet", "--initial-branch=main")
        shutil.copytree(self._origin, self.folder, dirs_exist_ok=True)
        return self._commit("Add the digits example")

    def change(self, path: str, old: str, new: str, message: str) -> str:
        """Replace `old` by `new` in one file and commit it; returns the full commit."""
        file = self.folder / path
        text = file.read_text("utf-8")
        if old not in text:
            raise NotFound("example-changed", f"{path} of the example has no {old!r}")
        file.write_text(text.replace(old, new), "utf-8")
        return self._commit(message)

    def _commit(self, message: str) -> str:
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", "-m", message)
        return self._git("rev-parse", "HEAD")

    def _git(self, *arguments: str) -> str:
        done = process.run(
            ["git", "-c", "core.hooksPath=/dev/null", *arguments],
            env={
                "PATH": os.environ.get("PATH", os.defpath),
                "HOME": str(self.folder),
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_CONFIG_GLOBAL": os.devnull,
                "GIT_AUTHOR_NAME": "Taxiway demo",
                "GIT_AUTHOR_EMAIL": "demo@localhost",
                "GIT_COMMITTER_NAME": "Taxiway demo",
                "GIT_COMMITTER_EMAIL": "demo@localhost",
            },
            cwd=self.folder,
            timeout=60,
        )
        if done.returncode:
            raise Unavailable("git-failed", f"git {arguments[0]} failed: {done.complaint}")
        return done.stdout.decode().strip()
