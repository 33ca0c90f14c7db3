from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_disk import small_disk

from taxiway.errors import Unavailable
from taxiway.storage.cache import Cache, make_read_only, remove_tree

BUILD = """
import os, sys, time
from pathlib import Path
from taxiway.storage.cache import Cache
root, mode = Path(sys.argv[1]), sys.argv[2]
def build(target):
    with open(root / "builds", "a") as log:
        log.write("built\\n")
    target.mkdir()
    (target / "a").write_text("a")
    if mode == "hang":
        print("building", flush=True)
        time.sleep(60)
    (target / "b").write_text("b")
path = Cache(root).ensure("things", "key", build)
assert sorted(os.listdir(path)) == ["a", "b"]
"""


def building(root: Path, mode: str = "whole") -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", BUILD, str(root), mode], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    made = tmp_path / "cache"
    made.mkdir()
    yield made
    remove_tree(made)


def build_file(target: Path) -> None:
    target.write_text("made")


def test_an_entry_is_built_once_and_found_after(root: Path) -> None:
    cache = Cache(root)
    path = cache.ensure("files", "x", build_file)
    assert path == cache.path("files", "x") and path.read_text() == "made"
    path.write_text("kept")
    assert cache.ensure("files", "x", build_file).read_text() == "kept"


def test_a_build_that_raises_leaves_nothing(root: Path) -> None:
    def build(target: Path) -> None:
        target.mkdir()
        (target / "half").write_text("half")
        make_read_only(target)
        raise ValueError("no")

    cache = Cache(root)
    with pytest.raises(ValueError, match="no"):
        cache.ensure("things", "x", build)
    assert not cache.path("things", "x").exists()
    assert list((root / ".building").iterdir()) == []
    assert cache.ensure("things", "x", build_file).read_text() == "made"


def test_many_processes_that_want_one_entry_build_it_once(root: Path) -> None:
    running = [building(root) for _ in range(8)]
    for process in running:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors.decode()
    assert (root / "builds").read_text() == "built\n"


def test_after_kill_9_in_a_build_nothing_is_visible_and_a_retry_works(root: Path) -> None:
    process = building(root, "hang")
    assert process.stdout is not None and process.stdout.readline() == b"building\n"
    waiting = building(root)  # waits for the lock, which the kernel frees
    process.send_signal(signal.SIGKILL)
    process.communicate()
    _, errors = waiting.communicate(timeout=60)
    assert waiting.returncode == 0, errors.decode()
    assert (root / "builds").read_text() == "built\n" * 2


def test_one_key_never_waits_for_another(root: Path) -> None:
    cache = Cache(root)
    with cache.lock("things", "a"):
        assert cache.ensure("things", "b", build_file).exists()


def test_readers_share_and_keep_eviction_away(root: Path) -> None:
    cache, evicted = Cache(root), threading.Event()

    def evict() -> None:
        with cache.lock("files", "x"):
            evicted.set()

    with cache.use("files", "x", build_file), cache.use("files", "x", build_file) as path:
        evictor = threading.Thread(target=evict)
        evictor.start()
        assert not evicted.wait(0.05)
        assert path.exists()
    evictor.join(10)
    assert evicted.is_set()


def test_an_entry_evicted_before_it_is_used_is_built_again(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Cache(root)
    ensure = cache.ensure
    calls = []

    def ensure_and_lose(*arguments) -> Path:
        path = ensure(*arguments)
        calls.append(path)
        if len(calls) == 1:
            path.unlink()
        return path

    monkeypatch.setattr(cache, "ensure", ensure_and_lose)
    with cache.use("files", "x", build_file) as path:
        assert path.read_text() == "made"
    assert len(calls) == 2


def test_a_full_disk_is_told_and_leaves_nothing(root: Path) -> None:
    with small_disk(root / "small", "256k") as small:
        cache = Cache(small)
        with pytest.raises(Unavailable) as caught:
            cache.ensure("things", "x", lambda target: target.write_bytes(b"x" * 1_000_000))
        assert caught.value.code == "disk-full" and str(small) in caught.value.hint
        assert list((small / ".building").iterdir()) == []
        assert cache.ensure("things", "x", build_file).exists()


def test_other_errors_of_the_system_pass_as_they_are(root: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Cache(root).ensure("things", "x", lambda target: (target / "no" / "way").write_text(""))


def test_read_only_folders_are_made_visible_by_ordinary_users_too(root: Path) -> None:
    """Renaming a folder changes its `..`, which an ordinary user may only where it is writable."""

    def build(target: Path) -> None:
        (target / "sub").mkdir(parents=True)
        (target / "sub" / "f").write_text("x")
        (target / "link").symlink_to("/etc/passwd")
        make_read_only(target)

    place = Path(tempfile.mkdtemp(prefix="taxiway-test."))  # no folder of root's above it
    ordinary = 65534 if os.geteuid() == 0 else os.geteuid()
    os.chown(place, ordinary, -1)
    before = os.geteuid()
    os.seteuid(ordinary)
    try:
        path = Cache(place).ensure("things", "x", build)
        assert {p.stat().st_mode & 0o777 for p in (path, path / "sub")} == {0o555}
        assert (path / "sub" / "f").stat().st_mode & 0o222 == 0
    finally:
        os.seteuid(before)
        remove_tree(place)


def test_who_waits_for_a_build_does_not_wait_for_those_who_use_it(root: Path) -> None:
    """A task may run for hours, and hold one entry while it waits for another."""
    cache, done = Cache(root), threading.Event()

    def follow() -> None:
        with cache.use("files", "x", build_file):
            done.set()

    with cache.lock("files", "x.build"):
        follower = threading.Thread(target=follow)  # has looked before there was anything
        follower.start()
        assert not done.wait(0.05)
        cache.path("files", "x").parent.mkdir()
        build_file(cache.path("files", "x"))
        reader = cache.open_lock("files", "x", shared=True)
        reader.__enter__()
    assert done.wait(10)
    reader.__exit__(None, None, None)
    with cache.use("files", "x", build_file):
        assert done.wait(10)
    follower.join(10)
