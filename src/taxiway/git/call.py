"""The one way git is called: an environment built from nothing, a configuration given in full.

No configuration of the machine or the user is read, no hook, filter, pager, editor or credential
helper but our own can run, redirects are not followed, no protocol is open but the target's own,
and the target's host is pinned to the addresses that passed the policy.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from taxiway import process
from taxiway.errors import Unavailable
from taxiway.git import transport
from taxiway.git.policy import Target, TreeLimits

_BASE_ENV = {
    "HOME": "/nonexistent",
    "XDG_CONFIG_HOME": "/nonexistent",
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "/bin/false",
    "SSH_ASKPASS": "/bin/false",
    "SSH_ASKPASS_REQUIRE": "never",
    "GIT_SSH_COMMAND": "/bin/false",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_PROTOCOL_FROM_USER": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_LFS_SKIP_SMUDGE": "1",
    "GIT_PAGER": "cat",
    "GIT_EDITOR": "/bin/false",
    "GIT_CEILING_DIRECTORIES": "/",
}

_CONFIG = (
    "protocol.allow=never",
    "protocol.version=2",
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.symlinks=false",
    "core.protectHFS=true",
    "core.protectNTFS=true",
    "core.attributesFile=/dev/null",
    "core.bigFileThreshold=16m",
    "safe.bareRepository=explicit",
    "init.templateDir=",
    "credential.helper=",
    "transfer.fsckObjects=true",
    "fetch.fsckObjects=true",
    # What old, honest repositories have in their history.
    "fetch.fsck.zeroPaddedFilemode=warn",
    "fetch.fsck.badTimezone=warn",
    "fetch.fsck.missingSpaceBeforeDate=warn",
    "fetch.unpackLimit=1",  # always a pack: it is flushed to the disk, loose objects are not
    "fetch.recurseSubmodules=false",
    "submodule.recurse=false",
    "transfer.credentialsInUrl=die",
    "gc.auto=0",
    "maintenance.auto=false",
    "filter.lfs.smudge=",
    "filter.lfs.process=",
    "filter.lfs.required=false",
)


def run(
    arguments: Sequence[str],
    *,
    store: Path | None = None,
    target: Target | None = None,
    timeout: float = 60,
    limits: TreeLimits | None = None,
    pass_fds: Sequence[int] = (),
    stdin: bytes | None = None,
    memory: int | None = None,
) -> process.Completed:
    """Run one git command to its end. Without a `target` no protocol at all is open."""
    bounds = limits or TreeLimits()
    with transport.secrets(target) as login:
        return process.run(
            command(arguments, store=store, target=target, stall_seconds=bounds.stall_seconds),
            env=environment(target, os.environ) | login,
            timeout=timeout,
            limits=process.Limits(file_size=bounds.pack_bytes, address_space=memory),
            pass_fds=pass_fds,
            stdin=stdin,
        )


def command(
    arguments: Sequence[str],
    *,
    store: Path | None = None,
    target: Target | None = None,
    stall_seconds: int = 30,
) -> list[str]:
    """The full argument list. `store` is a bare repository of ours."""
    configuration = list(_CONFIG)
    if target is not None:
        configuration += transport.configuration(target, stall_seconds)
    pairs = [part for setting in configuration for part in ("-c", setting)]
    place = [f"--git-dir={store}"] if store else []
    return [executable(), *pairs, *place, *arguments]


def environment(target: Target | None, operator: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of git; of the operator's only proxies and certificates."""
    found = {**_BASE_ENV, "PATH": f"{Path(executable()).parent}:/usr/bin:/bin"}
    return found | transport.network(target, operator) if target else found


def executable() -> str:
    """The absolute path of git; `Unavailable` (`git-missing`)."""
    path = shutil.which("git")
    if path is None:
        raise Unavailable(
            "git-missing",
            "The program git was not found",
            hint="Install git (apt install git), and see that it is on PATH.",
        )
    return path
