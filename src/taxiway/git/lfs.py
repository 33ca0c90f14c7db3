"""Git LFS objects by the batch API: asked for by sha256 and size, and checked by both.

No smudge filter and no git-lfs runs. Every address that a server names passes the same policy as
a repository's; the credential of a host goes to that host only, and never along to a storage.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx

from taxiway import process
from taxiway.errors import Denied, Invalid, NotFound, TaxiwayError, Unavailable
from taxiway.git import backoff, call, transport, web
from taxiway.git.files import Files
from taxiway.git.pointers import Pointer
from taxiway.git.policy import GitPolicy, Target, check
from taxiway.git.url import RepositoryUrl

_JSON = "application/vnd.git-lfs+json"
_BATCH = 100
_ANSWER, _BLOCK = 8 * 1024**2, 1 << 20
_CONFIG_SIZE = 64 * 1024


@dataclass(frozen=True)
class Action:
    """Where one object is, and the headers that its server wants to see."""

    href: str
    header: Mapping[str, str] = field(default_factory=dict)


def ensure(files: Files, pointers: Iterable[Pointer]) -> dict[str, Path]:
    """The objects in the cache, by their sha256. They belong to the mirror that they came
    through: who is shown a pointer is not shown what somebody else may read."""
    cache, key = files.mirror.cache, files.mirror.key
    wanted = sorted(set(pointers))
    places = {one.oid: cache.path("lfs", f"{key}.{one.oid}") for one in wanted}
    for one in wanted:
        cache.touch("lfs", f"{key}.{one.oid}")
    lacking = [one for one in wanted if not places[one.oid].exists()]
    if not lacking:
        return places
    source = _source(files)
    for start in range(0, len(lacking), _BATCH):
        some = lacking[start : start + _BATCH]
        for pointer, action in source.locate(some):
            if isinstance(action, NotFound):
                raise action
            cache.ensure(
                "lfs",
                f"{key}.{pointer.oid}",
                lambda path, p=pointer, a=action: source.bring(p, a, path),  # type: ignore[misc]
            )
    return places


def unresolved(files: Files, pointers: Iterable[Pointer]) -> dict[Pointer, TaxiwayError]:
    """Which objects cannot be had, and why. The server is asked, and nothing is brought.

    `Unavailable` when it does not answer now.
    """
    cache, key = files.mirror.cache, files.mirror.key
    wanted = sorted(set(pointers))
    lacking = [one for one in wanted if not cache.path("lfs", f"{key}.{one.oid}").exists()]
    found: dict[Pointer, TaxiwayError] = {}
    for start in range(0, len(lacking), _BATCH):
        some = lacking[start : start + _BATCH]
        try:
            located = dict(_source(files).locate(some))
        except Unavailable:
            raise
        except TaxiwayError as error:  # it refuses all of them
            return found | dict.fromkeys(some, error)
        found |= {one: place for one, place in located.items() if isinstance(place, NotFound)}
    return found


class _Local:
    """A repository of this machine that the operator allowed: its objects lie beside it."""

    def __init__(self, target: Target) -> None:
        root = Path(target.url.path)
        self._folder = (root / ".git" if (root / ".git").is_dir() else root) / "lfs" / "objects"

    def locate(self, wanted: Sequence[Pointer]) -> Iterator[tuple[Pointer, Action | NotFound]]:
        for pointer in wanted:
            place = f"{pointer.oid[:2]}/{pointer.oid[2:4]}/{pointer.oid}"
            there = (self._folder / place).is_file()
            yield pointer, Action(place) if there else _missing(pointer, "it is not there")

    def bring(self, pointer: Pointer, action: Action, path: Path) -> None:
        try:
            fd = os.open(self._folder / action.href, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            raise _missing(pointer, "it is not there") from None
        with os.fdopen(fd, "rb") as file:
            _write(iter(lambda: file.read(_BLOCK), b""), pointer, path)


class _Server:
    """A server of the batch API."""

    def __init__(self, endpoint: str, target: Target, policy: GitPolicy, header: Any) -> None:
        self._endpoint, self._target, self._policy = endpoint, target, policy
        self._header = {**_login(target), **dict(header)}

    def locate(self, wanted: Sequence[Pointer]) -> Iterator[tuple[Pointer, Action | NotFound]]:
        known = {pointer.oid: pointer for pointer in wanted}
        body = {
            "operation": "download",
            "transfers": ["basic"],
            "hash_algo": "sha256",
            "objects": [{"oid": one.oid, "size": one.size} for one in wanted],
        }
        headers = {"Accept": _JSON, "Content-Type": _JSON, **self._header}
        url = f"{self._endpoint}/objects/batch"
        answer = backoff.insisting(lambda: self._ask(url, headers, body))
        for one in answer.get("objects", []):
            pointer = known.pop(str(one.get("oid")), None)
            if pointer is None:
                continue
            download = one.get("actions", {}).get("download")
            if download is None:
                why = str(one.get("error", {}).get("message", "it has none"))
                yield pointer, _missing(pointer, why)
                continue
            yield pointer, Action(str(download["href"]), dict(download.get("header") or {}))
        for pointer in known.values():
            yield pointer, _missing(pointer, "the server does not speak of it")

    def _ask(self, url: str, headers: Mapping[str, str], body: Any) -> dict[str, Any]:
        with _asking("POST", url, self._target, headers=headers, json=body) as answer:
            data = b""
            for chunk in answer.iter_bytes(_BLOCK):
                data += chunk
                if len(data) > _ANSWER:
                    raise _odd(self._target, "its answer is too large")
        try:
            found = json.loads(data)
        except ValueError:
            raise _odd(self._target, "its answer is not JSON") from None
        if not isinstance(found, dict):
            raise _odd(self._target, "its answer is not an object")
        return found

    def bring(self, pointer: Pointer, action: Action, path: Path) -> None:
        target = check(_host_of(action.href), self._policy)
        headers = {name: str(value) for name, value in action.header.items()}
        own = target.url.authority == self._target.url.authority
        if own and not {"authorization"} & {name.lower() for name in headers}:
            headers = {**self._header, **headers}

        def once() -> None:
            with _asking("GET", action.href, target, headers=headers) as answer:
                _write(answer.iter_raw(_BLOCK), pointer, path)

        backoff.insisting(once)


def _source(files: Files) -> _Local | _Server:
    policy, url = files.mirror.policy, files.mirror.url
    configured = _configured(files)
    if configured is None and url.scheme == "file":
        return _Local(check(url, policy))
    if configured is None and url.scheme == "ssh":
        endpoint, header = _by_ssh(check(url, policy))
    else:
        endpoint, header = configured or f"{url.text.removesuffix('.git')}.git/info/lfs", {}
    return _Server(endpoint, check(_host_of(endpoint), policy), policy, header)


def _configured(files: Files) -> str | None:
    """`lfs.url` of the commit's own `.lfsconfig`; nobody else's configuration is read."""
    text = files.read_above(".lfsconfig", limit=_CONFIG_SIZE)
    if text is None:
        return None
    arguments = ["config", "--no-includes", "--file", "-", "--get", "lfs.url"]
    done = call.run(arguments, stdin=text)
    return done.stdout.decode("utf-8", "replace").strip().rstrip("/") or None


def _by_ssh(target: Target) -> tuple[str, dict[str, str]]:
    """What `git-lfs-authenticate` on the Git host says: an address, and a token that is good for
    minutes."""
    with ExitStack() as stack:
        login = stack.enter_context(transport.secrets(target))
        path = shlex.quote(unquote(target.url.path).lstrip("/"))
        done = process.run(
            [
                *shlex.split(login["GIT_SSH_COMMAND"]),
                *("-p", str(target.url.port), f"{target.url.user}@{target.url.host}"),
                f"git-lfs-authenticate {path} download",
            ],
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", **transport.network(target, os.environ)},
            timeout=60,
        )
    try:
        said = json.loads(done.stdout)
        return str(said["href"]).rstrip("/"), dict(said.get("header") or {})
    except (ValueError, KeyError, TypeError):
        raise _odd(target, f"git-lfs-authenticate does not answer: {done.complaint}") from None


def _host_of(href: str) -> RepositoryUrl:
    """The host of an address that a server named, as the policy sees it. What comes after its
    path is kept from the policy's eyes: it may be a signature."""
    parts = urlsplit(href)
    return RepositoryUrl.parse(f"{parts.scheme}://{parts.netloc}/lfs")


def _login(target: Target) -> dict[str, str]:
    named = transport.login(target)
    if named is None:
        return {}
    pair = f"{named[0]}:{named[1].reveal()}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode('ascii')}"}


@contextmanager
def _asking(method: str, url: str, target: Target, **options: Any) -> Iterator[httpx.Response]:
    try:
        with web.asking(method, url, target, **options) as answer:
            if not answer.is_success:
                raise _refused(target, answer)
            yield answer
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable(
            "lfs-unreachable",
            f"The LFS server {target.url.authority} did not answer in full: {type(error).__name__}",
            hint="It may be a passing fault: try again. Else check the network and the server.",
        ) from None


def _refused(target: Target, answer: httpx.Response) -> TaxiwayError:
    said = f"The LFS server {target.url.authority} answered {answer.status_code}"
    if answer.status_code in (401, 403):
        return Denied(
            "lfs-needs-credentials",
            said,
            hint="Give the workflow a credential of that host that may read LFS objects.",
        )
    if answer.status_code in (429, 500, 502, 503, 504):
        return backoff.Wait(
            "lfs-unreachable", said, hint="Try again.", after=web.retry_after(answer)
        )
    return Invalid(
        "lfs-refused", said, hint="Check that LFS is switched on for the repository, and lfs.url."
    )


def _write(blocks: Iterator[bytes], pointer: Pointer, path: Path) -> None:
    """The object, when it is the one of its pointer; no more of it is taken than it may have."""
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as file:
        for block in blocks:
            size += len(block)
            if size > pointer.size:
                break
            digest.update(block)
            file.write(block)
    if size != pointer.size or digest.hexdigest() != pointer.oid:
        path.unlink()
        raise Invalid(
            "lfs-object-differs",
            f"The LFS object {pointer.oid} is not what its pointer says: "
            + (f"{size:,} bytes, not {pointer.size:,}" if size != pointer.size else "its sha256"),
            hint="Push the object again with `git lfs push --all`.",
            oid=pointer.oid,
        )


def _missing(pointer: Pointer, reason: str) -> NotFound:
    return NotFound(
        "lfs-object-missing",
        f"The LFS object {pointer.oid} cannot be had: {reason[:300]}",
        hint="Was it pushed? `git lfs push --all` does.",
        oid=pointer.oid,
    )


def _odd(target: Target, reason: str) -> Invalid:
    return Invalid(
        "lfs-refused",
        f"The LFS server of {target.url.authority} cannot be used: {reason}",
        hint="Check that LFS is switched on for the repository, and lfs.url.",
    )
