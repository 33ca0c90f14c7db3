"""Key pairs for ssh: made, read, unlocked, and named by their fingerprint."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from taxiway.errors import Invalid
from taxiway.redaction import Secret

_Private = Ed25519PrivateKey | RSAPrivateKey | EllipticCurvePrivateKey
_RSA_BITS = 2048
_HINT = "Give the file that `ssh-keygen -t ed25519` made (not the .pub one), as it is."


@dataclass(frozen=True)
class KeyPair:
    """`private` is in OpenSSH's format, without a passphrase: it is sealed as a whole."""

    private: Secret
    public: str  # "ssh-ed25519 AAAA…", as it is given to a Git host

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.public.split()[1])


def make_pair() -> KeyPair:
    """A new ed25519 pair."""
    return _pair(Ed25519PrivateKey.generate())


def read_pair(text: Secret, passphrase: Secret | None) -> KeyPair:
    """The pair of a private key as people have it, in OpenSSH's or PEM format; `Invalid`:
    `private-key-refused` or `passphrase-refused`. No message repeats any of it."""
    data = (text.reveal().strip() + "\n").replace("\r\n", "\n").encode("utf-8", "replace")
    password = passphrase.reveal().encode("utf-8", "replace") if passphrase else None
    openssh = b"BEGIN OPENSSH PRIVATE KEY" in data
    load = serialization.load_ssh_private_key if openssh else serialization.load_pem_private_key
    try:
        key = load(data, password)
    except TypeError:
        raise _passphrase(given=password is not None) from None
    except (ValueError, UnsupportedAlgorithm) as error:
        if password is not None and any(w in str(error).lower() for w in ("password", "decrypt", "corrupt", "checksum")):  # fmt: skip
            raise _passphrase(given=True) from None
        if "password-protected" in str(error):
            raise _passphrase(given=False) from None
        raise Invalid("private-key-refused", "This is no private key", hint=_HINT) from None
    if not isinstance(key, _Private):
        raise Invalid(
            "private-key-refused", "Only ed25519, ECDSA and RSA keys can be used", hint=_HINT
        )
    if isinstance(key, RSAPrivateKey) and key.key_size < _RSA_BITS:
        raise Invalid(
            "private-key-refused",
            f"An RSA key of {key.key_size} bits is too short",
            hint=f"Use ed25519, or at least {_RSA_BITS} bits.",
        )
    return _pair(key)


def _passphrase(*, given: bool) -> Invalid:
    what = "The passphrase does not fit the private key" if given else "It needs its passphrase"
    return Invalid(
        "passphrase-refused", what, hint="Give the passphrase that the key was made with."
    )


def _pair(key: _Private) -> KeyPair:
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.OpenSSH,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    return KeyPair(Secret(private.decode()), public.decode())


def fingerprint(public: str) -> str:
    """OpenSSH's fingerprint of the base64 of a public key; `ValueError` when it is none."""
    try:
        data = base64.b64decode(public, validate=True)
    except binascii.Error:
        raise ValueError("no base64") from None
    return "SHA256:" + base64.b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")


def key_type(public: str) -> str:
    """The kind that the key itself says it is; `ValueError` when it is no public key."""
    serialization.load_ssh_public_key(f"{_named(public)} {public}".encode())
    return _named(public)


def _named(public: str) -> str:
    data = base64.b64decode(public, validate=True)
    length = int.from_bytes(data[:4])
    if not 0 < length <= 64 or len(data) < 4 + length:
        raise ValueError("no public key")
    return data[4 : 4 + length].decode("ascii")
