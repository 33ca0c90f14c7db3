"""Calls that speak to a remote: repeated where a fault may pass, bounded, resumable."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx

from taxiway.errors import Unavailable
from taxiway.git import backoff, call, failures, web
from taxiway.git.policy import Target, TreeLimits
from taxiway.process import Completed

_FETCH = (
    "fetch",
    "-q",
    "--no-tags",
    "--no-write-fetch-head",
    "--no-recurse-submodules",
    "--no-auto-maintenance",
)
# A time-out (curl's 28) is no fault that passes: the next try would take as long again.
_PASSING = re.compile(
    r"error: (429|5\d\d)\b|connection (reset|refused|closed by|was aborted)|early eof"
    r"|hung up unexpectedly|unexpected disconnect|kex_exchange_identification"
    r"|rpc failed; curl (?!28\b)\d+|rpc failed; http (429|5\d\d)",
    re.IGNORECASE,
)


Ask = Callable[[Target, TreeLimits], Completed]


def list_refs(target: Target, limits: TreeLimits) -> Completed:
    """The branches and tags that the remote has; exit status 2 when it has none."""
    arguments = ["ls-remote", "--heads", "--tags", "--exit-code", "--", target.text]
    return _speak(
        arguments, target, limits, timeout=limits.resolve_seconds, memory=limits.listing_bytes
    )


def list_head(target: Target, limits: TreeLimits) -> Completed:
    """What the remote says of its HEAD; exit status 2 when it has none."""
    arguments = ["ls-remote", "--symref", "--exit-code", "--", target.text, "HEAD"]
    return _speak(
        arguments, target, limits, timeout=limits.resolve_seconds, memory=limits.listing_bytes
    )


def fetch(
    arguments: Sequence[str],
    target: Target,
    limits: TreeLimits,
    *,
    store: Path,
    lock: int,
    stdin: bytes | None = None,
) -> Completed:
    """`git fetch` into `store`. git inherits `lock`, and so holds it as long as it lives.

    `stdin`: single objects, one a line. For them git itself switches negotiation off: else it
    looks for their commits.
    """
    single = () if stdin is None else ("-c", "fetch.negotiationAlgorithm=noop")
    return _speak(
        [*single, *_FETCH, *arguments],
        target,
        limits,
        timeout=limits.fetch_seconds,
        store=store,
        lock=lock,
        stdin=stdin,
    )


def hit_limit(store: Path, limits: TreeLimits) -> bool:
    """The transfer was stopped at `pack_bytes`: the kernel ends git there without a word."""
    halves = store.glob("objects/pack/tmp_*")
    return any(half.stat().st_size >= limits.pack_bytes for half in halves)


def sweep(store: Path) -> None:
    """Remove what a git that was killed left, where nobody else changes the store."""
    for pattern in ("*.lock", "refs/**/*.lock", "objects/tmp_*", "objects/pack/tmp_*"):
        for left in store.glob(pattern):
            left.unlink(missing_ok=True)


def _speak(
    arguments: Sequence[str],
    target: Target,
    limits: TreeLimits,
    *,
    timeout: float,
    store: Path | None = None,
    lock: int | None = None,
    stdin: bytes | None = None,
    memory: int | None = None,
) -> Completed:
    attempt = 1
    while True:
        try:
            done = call.run(
                arguments,
                store=store,
                target=target,
                timeout=timeout,
                limits=limits,
                pass_fds=() if lock is None else (lock,),
                stdin=stdin,
                memory=memory,
            )
        except Unavailable as error:
            if error.code != "process-timeout":
                raise
            raise failures.stalled(target, timeout) from None
        if done.returncode in (0, 2) or not _PASSING.search(done.complaint):
            return done
        if not backoff.pause(attempt, _asked_to_wait(done, target)):
            return done
        attempt += 1


def _asked_to_wait(done: Completed, target: Target) -> float | None:
    """The seconds that the host asks to wait. git does not tell them, so the host is asked again,
    as a stranger."""
    if target.url.scheme != "https" or not failures.is_rate_limited(done):
        return None
    try:
        url = f"{target.text}/info/refs?service=git-upload-pack"
        with web.asking("GET", url, target) as answer:
            return web.retry_after(answer)
    except httpx.HTTPError:
        return None
