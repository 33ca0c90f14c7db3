"""The folder of one task run, removed at its end.

<cache>/workspaces/run.<random>/
├── lock      held while the task runs, so that what a power cut left can be told apart
├── work/     the working directory: a link to each top-level entry of the snapshot
├── home/ tmp/
├── out/      what the task hands back
├── artifacts/ files that stay with the task run
├── in/       values that it asked for, read-only
├── inline/   the code of an inline task, as a file
└── kept/     ours alone: what it handed back, out of its reach
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_SOCKET_ROOM = 60  # characters; a Unix socket's path has 108, multiprocessing needs 40 below TMPDIR
_STALE = 3600  # seconds; a workspace that never got its lock


@dataclass(frozen=True)
class Workspace:
    root: Path
    tmp: Path

    @property
    def work(self) -> Path:
        return self.root / "work"

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def out(self) -> Path:
        return self.root / "out"

    @property
    def artifacts(self) -> Path:
        return self.root / "artifacts"

    @property
    def inside(self) -> Path:
        return self.root / "in"

    @property
    def inline(self) -> Path:
        return self.root / "inline"

    @property
    def kept(self) -> Path:
        return self.root / "kept"

    @property
    def owned(self) -> tuple[Path, ...]:
        """The folders that user code may write."""
        return self.work, self.home, self.tmp, self.out, self.artifacts

    @property
    def folders(self) -> tuple[Path, ...]:
        """All there is to remove."""
        return (self.root,) if self.tmp.is_relative_to(self.root) else (self.root, self.tmp)

    def give_to(self, uid: int, gid: int) -> None:
        for folder in self.owned:
            os.chown(folder, uid, gid)

    def link(self, snapshot: Path) -> None:
        """Make the files of the snapshot readable from the working directory."""
        for name in os.listdir(snapshot):  # noqa: PTH208 - on the warm path
            os.symlink(snapshot / name, self.work / name)  # noqa: PTH211


@contextmanager
def open_workspace(cache: Path) -> Iterator[Workspace]:
    """A new workspace; what earlier ones left behind when their host died goes away."""
    parent = cache / "workspaces"
    parent.mkdir(parents=True, exist_ok=True, mode=0o711)
    _sweep(parent)
    new = Path(tempfile.mkdtemp(prefix="new.", dir=parent))
    lock = os.open(new / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    root = new.rename(new.with_name(new.name.replace("new.", "run.", 1)))
    workspace = Workspace(root, _make_tmp(root))
    try:
        root.chmod(0o755)
        private = (workspace.work, workspace.home, workspace.out, workspace.artifacts)
        for folder in (*private, workspace.kept):
            folder.mkdir(mode=0o700)
        for folder in (workspace.inside, workspace.inline):
            folder.mkdir()
            folder.chmod(0o755)
        yield workspace
    finally:
        for folder in workspace.folders:
            remove(folder)
        os.close(lock)


def _make_tmp(root: Path) -> Path:
    """TMPDIR: short enough for the sockets that multiprocessing makes there."""
    tmp = root / "tmp"
    if len(str(tmp)) > _SOCKET_ROOM:
        return Path(tempfile.mkdtemp(prefix="taxiway-", dir="/tmp"))
    tmp.mkdir(mode=0o700)
    return tmp


def remove(folder: Path) -> None:
    """Remove what user code may have made unwritable, too; it never follows a link, and touches
    nothing outside, also where user code has removed the folder itself."""

    def open_up(function: object, path: str, _: object) -> None:
        with contextlib.suppress(OSError):
            for blocked in (Path(path).parent, Path(path)):
                if blocked.is_relative_to(folder) and not blocked.is_symlink():
                    blocked.chmod(0o700)
            if os.path.isdir(path) and not os.path.islink(path):  # noqa: PTH112, PTH114
                shutil.rmtree(path, ignore_errors=True)
            else:
                os.unlink(path)  # noqa: PTH108

    with contextlib.suppress(FileNotFoundError):
        shutil.rmtree(folder, onerror=open_up)


def _sweep(parent: Path) -> None:
    for folder in parent.iterdir():
        try:
            if folder.name.startswith("new."):
                if folder.stat().st_mtime < time.time() - _STALE:
                    remove(folder)
                continue
            fd = os.open(folder / "lock", os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            continue  # its own task is removing it
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            remove(folder)
        except BlockingIOError:
            pass  # it is in use
        finally:
            os.close(fd)
