"""Secrets of one stack: generated once, kept in files that only their owner reads."""

from __future__ import annotations

import base64
import json
import os
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path

from taxiway.redaction import Secret


def keep(path: Path, generate: Callable[[], str]) -> Secret:
    """The text in `path`, which is made with mode 0600 where it is missing."""
    if not path.exists():
        write_private(path, generate())
    path.chmod(0o600)
    return Secret(path.read_text())


def write_private(path: Path, text: str) -> None:
    """Replace `path` as a whole by a file of mode 0600."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fd, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(fd, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(name).rename(path)


def token() -> str:
    return secrets.token_urlsafe(48)


def fernet_key() -> str:
    """A key as Airflow's Fernet wants it: 32 bytes, URL-safe base64."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def passwords(username: str) -> str:
    """The content of Airflow's passwords file, with one user."""
    return json.dumps({username: secrets.token_urlsafe(12)})


def password_of(path: Path, username: str) -> Secret:
    """The password of `username` in Airflow's passwords file."""
    return Secret(str(json.loads(path.read_text())[username]))
