"""Where the warm process of an environment is found on this host, and what makes it another one."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import socket
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from taxiway import __version__
from taxiway.runner.identity import Identity
from taxiway.runner.launch import ENTRYPOINT, OURS

FOLDER = "warm"  # of the cache
_AGAIN = 600.0  # seconds until a server that did not come up is tried again
_CREDENTIALS = 12
# Libraries read these when they are loaded, some of them below Python.
_LOADING = re.compile(
    r"PATH|USER|LOGNAME|LANG|LANGUAGE|TZ|VIRTUAL_ENV"
    r"|(LC|LD|CUDA|NVIDIA|OMP|KMP|GOMP|MKL|OPENBLAS|GOTO|BLIS|VECLIB|NUMEXPR|NUMBA|NPY|NUMPY|MALLOC"
    r"|ARROW)_\w+"
)


@dataclass(frozen=True)
class Place:
    """`<folder>/<name>` is the socket, `<name>.lock` is locked while a process is behind it, and
    `<name>.failed` is there when one could not be made."""

    folder: Path
    name: str

    def connect(self) -> socket.socket | None:
        """Who answers there is this very user; None when nobody does."""
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            folder = os.open(self.folder, os.O_PATH | os.O_CLOEXEC)
            try:
                connection.connect(f"/proc/self/fd/{folder}/{self.name}")
            finally:
                os.close(folder)
            peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS)
            if int.from_bytes(peer[4:8], "little") == os.geteuid():
                return connection
        except OSError:
            pass  # there is none, or it is ending
        connection.close()
        return None

    def claim(self) -> int | None:
        """The lock, for a process that shall be behind the socket; None when one is, when another
        worker is making one, or when that failed not long ago."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            if (self.folder / f"{self.name}.failed").stat().st_mtime > time.time() - _AGAIN:
                return None
        except OSError:
            pass  # it did not fail
        path, flags = self.folder / f"{self.name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        lock = os.open(path, flags, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.stat().st_ino == os.fstat(lock).st_ino:
                return lock
        except OSError:
            pass  # it is held, or who held it has just removed it
        os.close(lock)
        return None


def place_of(
    cache: Path,
    environment: Path,
    python: Path,
    modules: Sequence[str],
    identity: Identity,
    env: Mapping[str, str],
) -> Place:
    """Everything that a fork could not change any more is in the name."""
    facts = [
        __version__,
        stamp(ENTRYPOINT),
        stamp(environment),
        str(python),
        hashlib.sha256("\n".join(modules).encode()).hexdigest(),
        [identity.name, identity.uid, identity.gid, identity.groups, identity.covered],
        sorted(env.items()),
        Path("/proc/self/cgroup").read_text(),
        [os.readlink(f"/proc/self/ns/{kind}") for kind in ("mnt", "pid", "net", "user", "ipc")],  # noqa: PTH115
    ]
    digest = hashlib.sha256(json.dumps(facts).encode()).hexdigest()
    return Place(cache / FOLDER, digest[:32])


def stamp(path: Path) -> list[str | int]:
    """It changes when the folder is made anew."""
    found = path.stat()
    return [str(path), found.st_dev, found.st_ino, found.st_mtime_ns]


def loading_environ(env: Mapping[str, str], private: Collection[str]) -> dict[str, str]:
    """What of a task's environment a warm process is started with; never a secret."""
    return {
        name: value
        for name, value in env.items()
        if (_LOADING.fullmatch(name) or name in OURS - {"PYTHONPATH"}) and name not in private
    }


def is_forkable(env: Mapping[str, str], identity: Identity, private: Collection[str]) -> bool:
    """Not what says something to Python itself, which hears it when it starts; not a secret that
    libraries are loaded by; and no task that is root."""
    said = {name for name in env if name.startswith("PYTHON")} - OURS
    hidden = any(_LOADING.fullmatch(name) for name in private)
    is_root = os.geteuid() == 0 and not identity.uid
    return not (said or hidden or is_root or identity.bare)
