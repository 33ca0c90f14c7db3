"""Sealing and opening: AES-256-GCM, bound to whose secret it is.

An envelope is `v1.<key id>.<nonce and ciphertext>`. The owner's name and the key's id are
authenticated with it, so that what is copied to another row, or given another key's id, does not
open.
"""

from __future__ import annotations

import base64
import binascii
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from taxiway.errors import Unavailable
from taxiway.redaction import Secret
from taxiway.server.vault import keys

_NONCE = 12
_FORMAT = "v1"


class Vault:
    """Opens and seals with the keys that are in the file now: a rotation needs no restart."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def seal(self, owner: str, secret: Secret) -> str:
        """The envelope of `secret` for `owner`, which is the only one that it opens for."""
        ring = keys.read(self.file)
        nonce = os.urandom(_NONCE)
        sealed = AESGCM(ring.known[ring.active]).encrypt(
            nonce, secret.reveal().encode("utf-8", "surrogatepass"), _bound(owner, ring.active)
        )
        return f"{_FORMAT}.{ring.active}.{base64.b64encode(nonce + sealed).decode()}"

    def open(self, owner: str, envelope: str) -> Secret:
        """The secret; `Unavailable`: `secret-key-missing` or `secret-damaged`."""
        key_id = key_of(envelope)
        ring = keys.read(self.file)
        if key_id not in ring.known:
            raise keys.missing(self.file, f" the key {key_id}, which {owner} was sealed with")
        try:
            sealed = base64.b64decode(envelope.split(".", 2)[2], validate=True)
            plain = AESGCM(ring.known[key_id]).decrypt(
                sealed[:_NONCE], sealed[_NONCE:], _bound(owner, key_id)
            )
        except (InvalidTag, binascii.Error, IndexError, ValueError):
            raise Unavailable(
                "secret-damaged",
                f"The stored secret of {owner} does not open: it was changed, or belongs elsewhere",
                hint="Give it anew, and look who may write to the database.",
            ) from None
        return Secret(plain.decode("utf-8", "surrogatepass"))


def key_of(envelope: str) -> str:
    """The id of the key that sealed it."""
    return envelope.partition(".")[2].partition(".")[0]


def _bound(owner: str, key_id: str) -> bytes:
    return f"taxiway|{owner}|{key_id}".encode()
