"""Mirrors over real HTTPS: what goes over the wire, and how it fails."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from taxiway.errors import Denied, Invalid, NotFound, TaxiwayError, Unavailable
from taxiway.git.mirror import Mirror
from taxiway.git.policy import GitPolicy, TreeLimits
from taxiway.git.url import RepositoryUrl
from taxiway.storage.cache import Cache

pytestmark = pytest.mark.integration

FETCH = """
import sys
from pathlib import Path
from taxiway.git.mirror import Mirror
from taxiway.git.policy import GitPolicy
from taxiway.git.url import RepositoryUrl
from taxiway.storage.cache import Cache
root, url, commit = sys.argv[1:]
mirror = Mirror(Cache(Path(root)), RepositoryUrl.parse(url), GitPolicy(allow_hosts=("localhost",)))
mirror.fetch(commit)
assert mirror.read_file(commit, "train.py")
"""


def fetching(mirror: Mirror, commit: str) -> subprocess.Popen[bytes]:
    arguments = [sys.executable, "-c", FETCH, str(mirror.cache.root), mirror.url.text, commit]
    return subprocess.Popen(arguments, stderr=subprocess.PIPE)


def failing(mirror: Mirror) -> TaxiwayError:
    with pytest.raises(TaxiwayError) as caught:
        mirror.resolve("main")
    assert caught.value.hint
    return caught.value


def test_a_commit_travels_over_https_once(web_mirror: Mirror, server, origin) -> None:
    commit = web_mirror.resolve("main")
    assert commit == origin.git("rev-parse", "HEAD")
    server.requests.clear()
    web_mirror.fetch(commit)
    assert server.transfers == 1 and len(server.requests) == 2
    server.requests.clear()
    web_mirror.fetch(commit)
    Mirror(web_mirror.cache, web_mirror.url, web_mirror.policy).fetch(commit)
    assert web_mirror.read_file(commit, "train.py")
    assert server.requests == []


def test_nothing_of_the_user_or_the_machine_is_sent(
    web_mirror: Mirror, server, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = folder / "config"
    config.write_text("[http]\n\textraHeader = X-Leak: hunter2\n[credential]\n\thelper = store\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "http.extraHeader")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "X-Leak: hunter2")
    monkeypatch.setenv("GIT_TRACE_CURL", str(folder / "trace"))
    web_mirror.fetch(web_mirror.resolve("main"))
    assert "hunter2" not in str(server.headers)
    assert not (folder / "trace").exists()


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (401, Denied, "repository-needs-credentials"),
        (403, Denied, "repository-needs-credentials"),
        (404, NotFound, "repository-not-found"),
        (503, Unavailable, "repository-unreachable"),
    ],
)
def test_a_refusal_says_whose_move_is_next(
    web_mirror: Mirror, server, status: int, kind: type[TaxiwayError], code: str
) -> None:
    server.status = status
    error = failing(web_mirror)
    assert isinstance(error, kind) and error.code == code
    assert web_mirror.url.text in error.message
    assert len(server.requests) == (3 if status == 503 else 1)


def test_a_redirect_is_not_followed(web_mirror: Mirror, server, folder: Path) -> None:
    server.redirect_to = f"https://127.0.0.1:{server.port}/elsewhere"
    error = failing(web_mirror)
    assert isinstance(error, Invalid) and error.code == "repository-redirects"
    assert all("elsewhere" not in path for _, path, _ in server.requests)


def test_a_certificate_that_is_not_trusted_is_refused(
    web_mirror: Mirror, server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    error = failing(web_mirror)
    assert error.code == "certificate-not-trusted"
    assert server.requests == []


def test_a_host_that_is_not_there_is_unavailable(
    web_mirror: Mirror, server, folder: Path, cache: Cache, policy: GitPolicy
) -> None:
    url = RepositoryUrl.parse("https://localhost:1/x")
    error = failing(Mirror(cache, url, policy))
    assert isinstance(error, Unavailable) and error.code == "repository-unreachable"


def test_a_private_host_is_refused_without_a_request(web_mirror: Mirror, server) -> None:
    closed = replace(web_mirror.policy, allow_hosts=())
    error = failing(Mirror(web_mirror.cache, web_mirror.url, closed))
    assert isinstance(error, Denied) and error.code == "address-private"
    assert server.requests == []


def test_a_stalled_transfer_ends(web_mirror: Mirror, server) -> None:
    commit = web_mirror.resolve("main")
    server.stall = threading.Event()
    hasty = replace(web_mirror.policy, limits=TreeLimits(stall_seconds=1))
    with pytest.raises(Unavailable) as caught:
        Mirror(web_mirror.cache, web_mirror.url, hasty).fetch(commit)
    assert caught.value.code == "repository-stalled"
    impatient = replace(web_mirror.policy, limits=TreeLimits(fetch_seconds=0.5))
    with pytest.raises(Unavailable) as caught:
        Mirror(web_mirror.cache, web_mirror.url, impatient).fetch(commit)
    assert caught.value.code == "repository-stalled"
    server.stall.set()
    web_mirror.fetch(commit)


def test_a_server_that_gives_only_what_refs_name_is_asked_for_its_branches(
    web_mirror: Mirror, server, origin
) -> None:
    server.protocol_2 = False
    first = origin.git("rev-parse", "HEAD")
    origin.git("branch", "other")
    head = origin.commit({"b": "2"})
    web_mirror.fetch(head)
    web_mirror.fetch(first)
    assert web_mirror.read_file(first, "b") is None
    assert web_mirror.read_file(head, "b") == b"2"
    with pytest.raises(NotFound) as caught:
        web_mirror.fetch("1" * 40)
    assert caught.value.code == "commit-not-found"


def test_a_server_without_filters_still_tells_reachability(
    web_mirror: Mirror, server, origin
) -> None:
    server.protocol_2 = False
    first = origin.git("rev-parse", "HEAD")
    origin.commit({"b": "2"})
    web_mirror.require_reachable(first, "main")
    with pytest.raises(Invalid):
        web_mirror.require_reachable("1" * 40, "main")


def test_history_travels_without_files_where_the_server_can(
    web_mirror: Mirror, server, origin
) -> None:
    origin.git("config", "uploadpack.allowFilter", "true")
    head = origin.commit({"big": os.urandom(200_000)})
    web_mirror.require_reachable(head, "main")
    packs = web_mirror.history.glob("objects/pack/*.pack")
    assert sum(pack.stat().st_size for pack in packs) < 10_000
    requests = len(server.requests)
    with pytest.raises(Invalid):  # a missing object never starts a fetch of its own
        web_mirror.require_reachable("1" * 40, "main")
    assert len(server.requests) - requests <= 3


def test_many_processes_that_want_one_commit_fetch_it_once(
    web_mirror: Mirror, server, origin
) -> None:
    commit = web_mirror.resolve("main")
    server.requests.clear()
    running = [fetching(web_mirror, commit) for _ in range(8)]
    for process in running:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors.decode()
    assert server.transfers == 1


def test_a_retry_after_kill_9_in_a_fetch_works(web_mirror: Mirror, server) -> None:
    commit = web_mirror.resolve("main")
    server.requests.clear()
    server.stalling.clear()
    server.stall = threading.Event()
    process = fetching(web_mirror, commit)
    assert server.stalling.wait(60)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    lock = web_mirror.cache.root / ".locks" / f"mirrors.{web_mirror.url.key}"
    with lock.open() as file, pytest.raises(BlockingIOError):  # the git that was left holds it
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    retry = fetching(web_mirror, commit)
    server.stall.set()
    _, errors = retry.communicate(timeout=60)
    assert retry.returncode == 0, errors.decode()
    assert server.transfers == 1  # what the git that was left brought was used
