"""Asking a host for its keys, to keep the one that a person named by its fingerprint."""

from __future__ import annotations

import shutil

from taxiway import process
from taxiway.errors import Denied, Invalid, Unavailable
from taxiway.git.policy import GitPolicy, is_proxied, reach
from taxiway.git.url import RepositoryUrl
from taxiway.server.credentials.ssh_keys import fingerprint

_SECONDS = 10


def key_with(wanted: str, host: str, port: int, policy: GitPolicy) -> str:
    """The public key of the host that has this fingerprint; `Denied` (`host-key-unknown`) when
    it shows only others."""
    url = RepositoryUrl("ssh", host, port or 22, "/")
    program = shutil.which("ssh-keyscan")
    if program is None:
        raise Unavailable(
            "ssh-missing",
            "The program ssh-keyscan was not found",
            hint="Install OpenSSH's client (apt install openssh-client), or give public_key.",
        )
    if is_proxied(host, policy.access):
        raise Invalid(
            "host-key-refused",
            "Through a proxy a host cannot be asked for its keys",
            hint="Give public_key instead of fingerprint.",
        )
    address = reach(url, policy)[0]
    done = process.run(
        [program, "-T", str(_SECONDS), "-p", str(url.port), address],
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        timeout=_SECONDS * 3,
    )
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    keys = [line.split()[2] for line in lines if len(line.split()) >= 3 and line[0] != "#"]
    if not keys:
        raise Unavailable(
            "repository-unreachable",
            f"{url.authority} showed no host key",
            hint="Is it an SSH host, and is the port right?",
        )
    shown = {fingerprint(key): key for key in keys}
    if _plain(wanted) not in {_plain(name) for name in shown}:
        raise Denied(
            "host-key-unknown",
            f"{url.authority} shows no key with the fingerprint {wanted}, but: {', '.join(shown)}",
            hint="Compare them with what the host publishes. Somebody may sit in between.",
            host=url.authority,
            fingerprints=list(shown),
        )
    return next(key for name, key in shown.items() if _plain(name) == _plain(wanted))


def _plain(text: str) -> str:
    return text.removeprefix("SHA256:").rstrip("=")
