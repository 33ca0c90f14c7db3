"""Repositories that were made to harm: what they hold is data, and what has no end has one here."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from taxiway.errors import Invalid, Unavailable
from taxiway.git import backoff
from taxiway.git.composition import compose
from taxiway.git.export import export_snapshot
from taxiway.git.files import Files
from taxiway.git.mirror import Mirror
from taxiway.git.policy import TreeLimits
from taxiway.git.snapshot import use_snapshot

pytestmark = pytest.mark.integration


def test_a_repository_inside_a_repository_is_files_and_runs_nothing(
    mirror: Mirror, origin, storage, cache, folder: Path
) -> None:
    ran = folder / "ran"
    config = f'[core]\n\tbare = true\n\tfsmonitor = "touch {ran}"\n\thooksPath = hooks\n'
    hook = f"#!/bin/sh\ntouch {ran}\n"
    files = {
        "in/config": config,
        "in/HEAD": "ref: refs/heads/main\n",
        "in/hooks/post-checkout": hook,
    }
    files |= {"in/refs/x": "", "in/objects/x": "", ".gitattributes": "* filter=evil\n"}
    commit = origin.commit(dict(files))
    with use_snapshot(export_snapshot(mirror, commit, storage), storage, cache) as root:
        assert (root / "in/config").read_text() == config
        assert (root / "in/hooks/post-checkout").read_text() == hook
    assert not ran.exists()


NAMES = [
    "-rf", "--upload-pack=x", "$(touch ran)", "`x`", "a;b", "a|b", "*", "?", "[x]", "~", "~root",
    "a\tb", "a\nb", "a\x1b[31mb", " lead", "trail ", "dot.", "...", "con", "NUL.py", "a:b", "a\\b",
    "é", "e\u0301", "A", "a", "İ", "ﬀ", "\u202eevil", "💣", "%2e%2e", "HEAD", "refs", ".gitignore",
]  # fmt: skip


def test_unusual_names_are_names(mirror: Mirror, origin, storage, cache) -> None:
    commit = origin.commit({f"d/{name}": name for name in NAMES})
    with use_snapshot(export_snapshot(mirror, commit, storage), storage, cache) as root:
        found = {path.name: path.read_text() for path in (root / "d").iterdir() if path.is_file()}
    assert found == {name: name for name in NAMES}
    assert mirror.read_file(commit, "d/--upload-pack=x") == b"--upload-pack=x"


def bomb(origin, levels: int, width: int, leaf: str) -> str:
    oid = leaf
    for _ in range(levels):
        rows = "".join(f"040000 tree {oid}\tn{i}\n" for i in range(width))
        oid = origin.git("mktree", stdin=rows.encode())
    commit = origin.git("commit-tree", "-m", "bomb", oid)
    origin.git("update-ref", "refs/heads/bomb", commit)
    return str(commit)


@pytest.mark.parametrize(("levels", "width"), [(9, 10), (150, 1)])
def test_folders_without_end_and_without_a_file_are_stopped(
    mirror: Mirror, origin, levels: int, width: int
) -> None:
    empty = origin.git("mktree", stdin=b"")
    commit = bomb(origin, levels, width, empty)
    mirror.fetch(commit)
    began = time.process_time()
    with pytest.raises(Invalid) as caught:
        compose(Files(mirror, commit))
    assert caught.value.code == "tree-too-many-files"
    assert time.process_time() - began < 20


def test_small_files_that_unpack_to_much_are_refused_before_they_are_written(
    mirror: Mirror, origin, storage
) -> None:
    commit = origin.commit({f"zeros{i}": b"\0" * 1_000_000 for i in range(5)})
    small = replace(mirror.policy, limits=TreeLimits(total_bytes=4_000_000))
    tight = Mirror(mirror.cache, mirror.url, small)
    with pytest.raises(Invalid) as caught:
        export_snapshot(tight, commit, storage)
    assert caught.value.code == "tree-too-large"
    packs = mirror.files.glob("objects/pack/*.pack")
    assert sum(pack.stat().st_size for pack in packs) < 100_000  # a transfer of kilobytes
    assert list(storage.names("layers")) == []


def test_a_host_that_lists_refs_without_end_takes_a_bounded_memory(
    web_mirror: Mirror, server
) -> None:
    server.endless = True
    limits = TreeLimits(listing_bytes=200 * 1024**2)
    mirror = Mirror(web_mirror.cache, web_mirror.url, replace(web_mirror.policy, limits=limits))
    with pytest.raises(Invalid) as caught:
        mirror.refs()
    assert caught.value.code == "repository-too-large"


def test_a_host_that_asks_to_wait_is_waited_for(web_mirror: Mirror, server, monkeypatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(backoff, "sleep", waited.append)
    server.answers, server.retry_after = [429, 429], "7"  # git, and who asks how long to wait
    assert web_mirror.resolve("main")
    assert len(waited) == 1 and 7 < waited[0] < 8
    server.answers = [503, 502]
    assert web_mirror.resolve("main")
    assert 0 < waited[1] < 1 and waited[1] < waited[2] * 4  # later each time, and not all at once
    server.answers, server.retry_after = [429] * 9, "3600"
    with pytest.raises(Unavailable) as caught:
        web_mirror.resolve("main")
    assert caught.value.code == "repository-rate-limited" and len(waited) == 3


def test_broken_transfers_are_tried_again(web_mirror: Mirror, server, origin) -> None:
    commit = web_mirror.resolve("main")
    server.broken = 2
    web_mirror.fetch(commit)
    assert web_mirror.read_file(commit, "train.py")
    assert server.broken == 0


def test_a_mirror_survives_kills_at_any_moment(mirror: Mirror, origin, folder: Path) -> None:
    """Each child fetches one commit after another and is killed somewhere in it."""
    for moment in (0.03, 0.1):
        commits = [origin.commit({"n": f"{moment} {number}"}) for number in range(3)]
        child = os.fork()
        if child == 0:
            try:
                for commit in commits:
                    mirror.fetch(commit)
            finally:
                os._exit(0)
        time.sleep(moment)
        os.kill(child, 9)
        os.waitpid(child, 0)
        again = Mirror(mirror.cache, mirror.url, mirror.policy)
        for commit in commits:
            assert again.read_file(commit, "train.py")
    fsck = replace(origin, path=mirror.files)
    fsck.git("fsck", "--connectivity-only", "--no-dangling")
    assert not mirror.files.with_suffix(".damaged").exists()
