"""The file of keys: mode 0600, replaced as a whole, one key active and older ones to open with."""

from __future__ import annotations

import base64
import json
import os
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fcntl import LOCK_EX, flock
from pathlib import Path

from taxiway.errors import Denied, Invalid, Unavailable

_BYTES = 32


@dataclass(frozen=True)
class Keys:
    """Keys by their id; new secrets are sealed with the active one."""

    active: str
    known: Mapping[str, bytes]

    def __repr__(self) -> str:
        return f"Keys(active={self.active!r}, known={sorted(self.known)!r})"

    def with_new(self) -> Keys:
        """These, and a new one that is active."""
        made = new_keys()
        return replace(self, active=made.active, known={**self.known, **made.known})

    def only_active(self) -> Keys:
        return replace(self, known={self.active: self.known[self.active]})


def new_keys() -> Keys:
    name = secrets.token_hex(4)
    return Keys(name, {name: secrets.token_bytes(_BYTES)})


def read(path: Path) -> Keys:
    """The keys in the file; `Unavailable` (`secret-key-missing`), `Denied` (`secret-key-exposed`)
    or `Invalid` (`secret-key-damaged`)."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read()
    except FileNotFoundError:
        raise missing(path) from None
    except OSError as error:
        raise Unavailable(
            "secret-key-missing",
            f"The file of secret keys {path} cannot be read: {error.strerror}",
            hint="It belongs to the user that the server runs as, with mode 0600.",
        ) from None
    if mode & 0o077:
        raise Denied(
            "secret-key-exposed",
            f"Others than its owner may use the file of secret keys {path}",
            hint=f"Run `chmod 600 {path}`; if others had access, change the secrets too.",
        )
    try:
        content = json.loads(text)
        known = {name: base64.b64decode(key) for name, key in content["keys"].items()}
        keys = Keys(content["active"], known)
        if keys.active not in known or any(len(key) != _BYTES for key in known.values()):
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Invalid(
            "secret-key-damaged",
            f"{path} is no file of secret keys",
            hint="Put back the file from a backup.",
        ) from None
    return keys


def missing(path: Path, detail: str = "") -> Unavailable:
    return Unavailable(
        "secret-key-missing",
        f"The file of secret keys {path} is missing{detail}",
        hint="Put the file back from a backup, or name it in TAXIWAY_SECRET_KEY_FILE: without it "
        "no stored secret can be read. None is invented in its place.",
    )


def write(path: Path, keys: Keys) -> None:
    """Replace the file, whole or not at all; only its owner reads it."""
    encoded = {name: base64.b64encode(key).decode() for name, key in keys.known.items()}
    text = json.dumps({"format": 1, "active": keys.active, "keys": encoded}, indent=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    Path(name).replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """One process at a time makes or changes the file. The kernel frees the lock of the dead."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f".{path.name}.lock").open("a") as lock:
        flock(lock, LOCK_EX)
        yield
