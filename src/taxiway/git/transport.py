"""How git reaches one target: protocol, credential, host keys, proxy and certificates.

No secret is an argument or a file. A token comes to the credential helper by the environment of
the one git that asks for it; a private key is an anonymous file in our memory that ssh reads by
the number of our process, so that nothing is left behind, whoever is killed.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from taxiway import process
from taxiway.errors import Unavailable
from taxiway.git import proxy_command
from taxiway.git.policy import Target
from taxiway.redaction import Secret

_HELPER = Path(__file__).with_name("credential_helper.sh")
_LOCAL_CONFIG = Path(__file__).with_name("local.gitconfig")
_NO_PROXY = ("no_proxy", "NO_PROXY")
_PROXY_VARIABLES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", *_NO_PROXY)
_CA_FILE_VARIABLES = ("GIT_SSL_CAINFO", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
_CA_FOLDER_VARIABLES = ("GIT_SSL_CAPATH", "SSL_CERT_DIR")
# What the big hosts want as the user name beside a token; most others take any.
_USERNAMES = {
    "github.com": "x-access-token",
    "gitlab.com": "oauth2",
    "bitbucket.org": "x-token-auth",
}
_SSH_OPTIONS = (
    "IdentitiesOnly=yes",
    "IdentityAgent=none",
    "BatchMode=yes",
    "PreferredAuthentications=publickey",
    "StrictHostKeyChecking=yes",
    "GlobalKnownHostsFile=/dev/null",
    "UpdateHostKeys=no",
    "ConnectTimeout=10",
    "ServerAliveInterval=15",
    "ServerAliveCountMax=3",
    "ClearAllForwardings=yes",
    "PermitLocalCommand=no",
    "ForwardAgent=no",
    "RequestTTY=no",
)
_CONNECT_SECONDS = 5.0
_OFFERED = re.compile(r"Server host key: (\S+) (SHA256:\S+)")


def configuration(target: Target, stall_seconds: int) -> list[str]:
    """What `-c` gives git for this target."""
    if target.url.scheme == "file":
        return ["protocol.file.allow=always"]
    if target.url.scheme == "ssh":
        return ["protocol.ssh.allow=always"]
    place = f"credential.https://{target.url.authority}.helper"
    settings = [
        "protocol.https.allow=always",
        f"{place}=",
        "http.followRedirects=false",
        "http.extraHeader=",
        "http.sslVerify=true",
        "http.lowSpeedLimit=1000",
        f"http.lowSpeedTime={stall_seconds}",
    ]
    if target.credential is not None:
        settings.append(f"{place}=!/bin/sh {shlex.quote(str(_HELPER))}")
    if not target.proxied:
        settings.append("http.proxy=")
    if target.addresses:
        pinned = ",".join(f"[{a}]" if ":" in a else a for a in target.addresses)
        settings.append(f"http.curloptResolve={target.url.host}:{target.url.port}:{pinned}")
    return settings


def network(target: Target, operator: Mapping[str, str]) -> dict[str, str]:
    """The environment that leads to this target; of the operator's only proxies and
    certificates."""
    found = {"GIT_ALLOW_PROTOCOL": target.url.scheme}
    if target.url.scheme == "file":
        return found | {"GIT_CONFIG_GLOBAL": str(_LOCAL_CONFIG)}
    if target.proxied:
        found |= _proxy(target.access.proxy, operator)
    if target.access.ca_bundle is not None:
        return found | {"GIT_SSL_CAINFO": str(target.access.ca_bundle)}
    for name, candidates in (
        ("GIT_SSL_CAINFO", _CA_FILE_VARIABLES),
        ("GIT_SSL_CAPATH", _CA_FOLDER_VARIABLES),
    ):
        value = next((operator[c] for c in candidates if operator.get(c)), None)
        if value:
            found[name] = value
    return found


def _proxy(proxy: Secret | None, operator: Mapping[str, str]) -> dict[str, str]:
    if proxy is None:
        return {name: operator[name] for name in _PROXY_VARIABLES if name in operator}
    kept = {name: operator[name] for name in _NO_PROXY if name in operator}
    url = proxy.reveal()
    return {"https_proxy": url, "all_proxy": url, proxy_command.PROXY: url, **kept}


@contextmanager
def secrets(target: Target | None) -> Iterator[dict[str, str]]:
    """What one git needs to log in, by its environment. Good until the block ends."""
    with ExitStack() as stack:
        credential = target.credential if target else None
        if target is None or target.url.scheme == "file":
            yield {}
            return
        if credential is not None:
            target.access.used(credential, target.url)
        if target.url.scheme == "ssh":
            key = stack.enter_context(_in_memory(credential.secret.reveal() if credential else ""))
            hosts = stack.enter_context(_in_memory(target.access.known_hosts()))
            command = shlex.join([*ssh(target, hosts), "-i", key])
            yield {"GIT_SSH_COMMAND": command, "GIT_SSH_VARIANT": "ssh"}
        elif named := login(target):
            yield {
                "TAXIWAY_CREDENTIAL_HOST": target.url.authority,
                "TAXIWAY_CREDENTIAL_USERNAME": named[0],
                "TAXIWAY_CREDENTIAL_SECRET": named[1].reveal(),
            }
        else:
            yield {}


def login(target: Target) -> tuple[str, Secret] | None:
    """The user name and the token for an https target that has a credential."""
    credential = target.credential
    if credential is None or credential.kind != "token":
        return None
    return credential.username or _USERNAMES.get(target.url.host, "oauth2"), credential.secret


@contextmanager
def _in_memory(text: str) -> Iterator[str]:
    """A path to `text` for programs of our own user. ssh closes what it inherits, and demands
    that nobody else can read a key; the file is gone with us, also when we are killed."""
    descriptor = os.memfd_create("taxiway")
    try:
        os.fchmod(descriptor, 0o600)
        os.write(descriptor, text.encode())
        yield f"/proc/{os.getpid()}/fd/{descriptor}"
    finally:
        os.close(descriptor)


def ssh(target: Target, known_hosts: str) -> list[str]:
    """OpenSSH with all options given, and no configuration of the machine or the user."""
    program = shutil.which("ssh")
    if program is None:
        raise Unavailable(
            "ssh-missing",
            f"The program ssh was not found, and {target.url} is read over ssh",
            hint="Install OpenSSH's client where the server runs (apt install openssh-client).",
        )
    options = [
        *_SSH_OPTIONS,
        f"UserKnownHostsFile={known_hosts}",
        f"HostKeyAlias={host_key_alias(target.url.host, target.url.port)}",
    ]
    if target.proxied:
        script = [sys.executable, "-I", "-S", proxy_command.__file__, "%h", "%p"]
        options.append(f"ProxyCommand={shlex.join(script)}")
    else:
        options.append("ProxyCommand=none")
    if target.addresses:
        options.append(f"HostName={answering(target)}")
    return [program, "-F", "/dev/null", *(part for option in options for part in ("-o", option))]


def answering(target: Target) -> str:
    """The first of the addresses that passed the policy at which somebody listens. For what takes
    one address only; curl is given all of them."""
    *others, last = target.addresses
    for address in others:
        try:
            socket.create_connection((address, target.url.port), timeout=_CONNECT_SECONDS).close()
        except OSError:
            continue
        return address
    return last


def host_key_alias(host: str, port: int) -> str:
    """The name of a host in known_hosts."""
    return host if port == 22 else f"[{host}]:{port}"


def offered_key(target: Target) -> tuple[str, str] | None:
    """The kind and the fingerprint of the key that the host shows now; nothing is logged in to."""
    with ExitStack() as stack:
        hosts = stack.enter_context(_in_memory(target.access.known_hosts()))
        done = process.run(
            [
                *ssh(target, hosts),
                *("-v", "-p", str(target.url.port), f"{target.url.user}@{target.url.host}"),
                "exit",
            ],
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", **network(target, os.environ)},
            timeout=30,
        )
    match = _OFFERED.search(done.complaint)
    return (match[1], match[2]) if match else None
