"""Mirrors of real repositories, over `file://`."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from taxiway.errors import Denied, Invalid, NotFound, Unavailable
from taxiway.git import call
from taxiway.git.mirror import Mirror
from taxiway.git.policy import GitPolicy, TreeLimits
from taxiway.git.trees import check_sizes
from taxiway.git.url import RepositoryUrl
from taxiway.storage.cache import Cache

pytestmark = pytest.mark.integration


def test_a_branch_resolves_to_the_full_commit_at_its_head(mirror: Mirror, origin) -> None:
    first = mirror.resolve("main")
    second = origin.commit({"new.py": ""})
    assert mirror.resolve("main") == second != first


def test_a_branch_is_told_from_tags_and_longer_names_alike(mirror: Mirror, origin) -> None:
    head = origin.git("rev-parse", "HEAD")
    origin.git("checkout", "-q", "-b", "x/main")
    other = origin.commit({"other": ""})
    origin.git("tag", "main", other)
    origin.git("update-ref", "refs/heads/a/refs/heads/main", other)
    assert mirror.resolve("main") == head
    assert mirror.resolve("x/main") == other


def test_a_branch_named_like_a_commit_is_a_branch(mirror: Mirror, origin) -> None:
    first = origin.git("rev-parse", "HEAD")
    second = origin.commit({"a": ""})
    origin.git("update-ref", f"refs/heads/{first}", second)
    assert mirror.resolve(first) == second
    mirror.fetch(first)
    assert mirror.read_file(first, "a") is None


def test_a_missing_branch_is_named_with_its_repository(mirror: Mirror, origin) -> None:
    with pytest.raises(NotFound) as caught:
        mirror.resolve("gone")
    assert caught.value.code == "branch-not-found"
    assert "gone" in caught.value.message and str(origin.path) in caught.value.message


def test_an_empty_repository_has_no_branch(new_origin, cache: Cache, policy: GitPolicy) -> None:
    empty = new_origin("empty")
    with pytest.raises(NotFound) as caught:
        Mirror(cache, RepositoryUrl.parse(str(empty.path)), policy).resolve("main")
    assert caught.value.code == "branch-not-found"


@pytest.mark.parametrize("call", ["resolve", "require_reachable"])
def test_a_branch_that_git_would_take_for_an_option_never_reaches_it(
    mirror: Mirror, call: str, folder: Path
) -> None:
    hostile = f"--upload-pack=touch {folder}/ran"
    with pytest.raises(Invalid) as caught:
        if call == "resolve":
            mirror.resolve(hostile)
        else:
            mirror.require_reachable("0" * 40, hostile)
    assert caught.value.code == "branch-invalid"
    assert not (folder / "ran").exists()


def test_a_directory_that_is_no_repository_is_not_found(
    folder: Path, cache: Cache, policy: GitPolicy
) -> None:
    (folder / "origins" / "plain").mkdir(parents=True)
    mirror = Mirror(cache, RepositoryUrl.parse(f"{folder}/origins/plain"), policy)
    with pytest.raises(NotFound) as caught:
        mirror.resolve("main")
    assert caught.value.code == "repository-not-found"


def test_a_local_repository_that_is_not_listed_is_denied_at_every_step(
    mirror: Mirror, origin, cache: Cache
) -> None:
    commit = mirror.resolve("main")
    mirror.fetch(commit)
    closed = Mirror(cache, mirror.url, GitPolicy())
    for step in (
        lambda: closed.resolve("main"),
        lambda: closed.fetch(commit),
        lambda: closed.require_reachable(commit, "main"),
        lambda: closed.read_file(commit, "train.py"),
    ):
        with pytest.raises(Denied) as caught:
            step()
        assert caught.value.code == "local-repository-refused"


def test_a_local_repository_of_another_user_can_be_read(mirror: Mirror, origin) -> None:
    if os.geteuid() != 0:
        pytest.skip("NOT ROOT: a repository of another user is not tested here. Run as root")
    for path in [origin.path, *origin.path.rglob("*")]:
        os.lchown(path, 12345, 12345)
    mirror.fetch(mirror.resolve("main"))


def test_exactly_one_commit_is_fetched_and_stays_pinned_after_a_force_push_and_gc(
    mirror: Mirror, origin
) -> None:
    old = origin.git("rev-parse", "HEAD")
    mirror.fetch(old)
    origin.git("commit", "-q", "--amend", "-m", "rewritten")
    origin.git("reflog", "expire", "--expire=now", "--all")
    origin.git("gc", "-q", "--prune=now")
    with pytest.raises(AssertionError):
        origin.git("cat-file", "-e", old)
    mirror.fetch(old)
    store = replace(origin, path=mirror.files)
    store.git("gc", "-q", "--prune=now")
    assert mirror.read_file(old, "train.py") == b"def train(): ...\n"
    assert store.git("rev-list", "--all") == old


def test_a_commit_that_is_not_there_is_not_found(mirror: Mirror) -> None:
    with pytest.raises(NotFound) as caught:
        mirror.fetch("1" * 40)
    assert caught.value.code == "commit-not-found"
    assert "1" * 40 in caught.value.message


@pytest.mark.parametrize("kind", ["tag", "tree", "blob"])
def test_an_object_that_is_no_commit_is_not_found(mirror: Mirror, origin, kind: str) -> None:
    origin.git("tag", "-a", "v1", "-m", "v1")
    name = {"tag": "v1", "tree": "HEAD^{tree}", "blob": "HEAD:train.py"}[kind]
    oid = origin.git("rev-parse", name)
    with pytest.raises((NotFound, Invalid)) as caught:
        mirror.fetch(oid)
    assert caught.value.code == "commit-not-found"


def test_replace_refs_of_the_remote_change_nothing(mirror: Mirror, origin) -> None:
    good = origin.git("rev-parse", "HEAD")
    evil = origin.commit({"train.py": "EVIL"})
    origin.git("reset", "-q", "--hard", good)
    origin.git("replace", good, evil)
    mirror.fetch(good)
    assert mirror.read_file(good, "train.py") == b"def train(): ...\n"
    assert "replace" not in replace(origin, path=mirror.files).git("for-each-ref")


def test_a_commit_is_on_the_branch_only_if_the_branch_contains_it(mirror: Mirror, origin) -> None:
    first = origin.git("rev-parse", "HEAD")
    second = origin.commit({"b": ""})
    origin.git("checkout", "-q", "-b", "side", first)
    side = origin.commit({"c": ""})
    for commit in (first, second):
        mirror.require_reachable(commit, "main")
    mirror.require_reachable(side, "side")
    for commit in (side, "1" * 40):
        with pytest.raises(Invalid) as caught:
            mirror.require_reachable(commit, "main")
        assert caught.value.code == "commit-not-on-branch"
        assert commit in caught.value.message and "main" in caught.value.message
    with pytest.raises(NotFound) as gone:
        mirror.require_reachable(first, "gone")
    assert gone.value.code == "branch-not-found"


def test_reachability_is_that_of_the_branch_now(mirror: Mirror, origin) -> None:
    first = origin.git("rev-parse", "HEAD")
    second = origin.commit({"b": ""})
    mirror.require_reachable(second, "main")
    origin.git("reset", "-q", "--hard", first)
    with pytest.raises(Invalid):
        mirror.require_reachable(second, "main")


def test_branches_may_take_turns_as_folders_of_each_other(mirror: Mirror, origin) -> None:
    head = origin.git("rev-parse", "HEAD")
    origin.git("branch", "x")
    mirror.require_reachable(head, "x")
    origin.git("branch", "-D", "x")
    origin.git("branch", "x/y")
    mirror.require_reachable(head, "x/y")


def test_a_tree_is_listed_with_modes_sizes_and_any_name(mirror: Mirror, origin) -> None:
    origin.write({"tab\tand\nline é.txt": "1", "bin/run": "#!/bin/sh\n"})
    (origin.path / "bin/run").chmod(0o755)
    (origin.path / "link").symlink_to("train.py")
    Path(os.fsdecode(os.fsencode(origin.path) + b"/latin-\xe9")).write_text("x")
    commit = origin.commit()
    mirror.fetch(commit)
    listed = {entry.path: (entry.mode, entry.size) for entry in mirror.list_tree(commit)}
    assert listed == {
        "bin/run": ("100755", 10),
        "latin-\udce9": ("100644", 1),
        "link": ("120000", 8),
        "pkg/util.py": ("100644", 6),
        "tab\tand\nline é.txt": ("100644", 1),
        "train.py": ("100644", 17),
    }
    assert mirror.tree_of(commit) == origin.git("rev-parse", "HEAD^{tree}")


def test_files_are_read_by_path_and_absent_ones_are_none(mirror: Mirror) -> None:
    commit = mirror.resolve("main")
    assert mirror.read_file(commit, "pkg/util.py") == b"x = 1\n"
    for absent in ("nope", "pkg", "pkg/util.py/x", "-x", "pkg/nope"):
        assert mirror.read_file(commit, absent) is None


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "../x", "pkg/../train.py", "./train.py", "a//b", "a\nb", "a\0b"]
)
def test_a_path_that_could_leave_the_tree_is_refused(mirror: Mirror, path: str) -> None:
    with pytest.raises(Invalid) as caught:
        mirror.read_file(mirror.resolve("main"), path)
    assert caught.value.code == "path-invalid"


def test_nothing_is_read_through_links_and_submodules(mirror: Mirror, origin) -> None:
    (origin.path / "dir").symlink_to("/etc")
    (origin.path / "file").symlink_to("/etc/passwd")
    origin.git("update-index", "--add", "--cacheinfo", f"160000,{'2' * 40},sub")
    origin.git("add", "dir", "file")
    origin.git("commit", "-q", "-m", "links")
    commit = mirror.resolve("main")
    for path, code in (
        ("file", "path-is-link"),
        ("dir/passwd", "path-is-link"),
        ("sub", "path-is-submodule"),
        ("sub/x.py", "path-is-submodule"),
    ):
        with pytest.raises(Invalid) as caught:
            mirror.read_file(commit, path)
        assert caught.value.code == code


def test_limits_are_named_before_the_cost_is_paid(
    mirror: Mirror, origin, cache: Cache, policy: GitPolicy
) -> None:
    commit = origin.commit({"big.bin": b"\0" * 3_000_000})
    with pytest.raises(Invalid) as read:
        mirror.read_file(commit, "big.bin", limit=1000)
    assert read.value.code == "file-too-large" and "1,000" in read.value.message
    small = replace(policy, limits=TreeLimits(file_bytes=1_000_000))
    with pytest.raises(Invalid) as listed:
        check_sizes(list(Mirror(cache, mirror.url, small).list_tree(commit)), small.limits)
    assert listed.value.code == "file-too-large" and "big.bin" in listed.value.message
    assert mirror.files.exists()  # a limit is no damage
    assert not mirror.files.with_suffix(".damaged").exists()


def test_a_transfer_larger_than_the_limit_is_stopped(
    origin, cache: Cache, policy: GitPolicy
) -> None:
    commit = origin.commit({"noise.bin": os.urandom(300_000)})
    small = replace(policy, limits=TreeLimits(pack_bytes=100_000))
    mirror = Mirror(cache, RepositoryUrl.parse(str(origin.path)), small)
    with pytest.raises(Invalid) as caught:
        mirror.fetch(commit)
    assert caught.value.code == "repository-too-large" and "100,000" in caught.value.message


def test_a_bomb_of_paths_is_stopped_at_the_limit(mirror: Mirror, origin) -> None:
    oid = origin.git("rev-parse", "HEAD:train.py")
    mode = "100644 blob"
    for _ in range(10):
        rows = "".join(f"{mode} {oid}\tn{i}\n" for i in range(10))
        oid, mode = origin.git("mktree", stdin=rows.encode()), "040000 tree"
    commit = origin.git("commit-tree", "-m", "bomb", oid)
    origin.git("update-ref", "refs/heads/bomb", commit)
    mirror.fetch(commit)
    with pytest.raises(Invalid) as caught:
        list(mirror.list_tree(commit))
    assert caught.value.code == "tree-too-many-files"


@pytest.mark.parametrize("name", [".git", "..", "a/b", ".GIT", "dup"])
def test_malformed_trees_are_refused(mirror: Mirror, origin, name: str) -> None:
    blob = bytes.fromhex(origin.git("rev-parse", "HEAD:train.py"))
    row = b"100644 " + name.encode() + b"\0" + blob
    tree = origin.object("tree", row * 2 if name == "dup" else row)
    commit = origin.git("commit-tree", "-m", "bad", tree)
    origin.git("update-ref", "refs/heads/bad", commit)
    with pytest.raises(Invalid) as caught:
        mirror.fetch(commit)
    assert caught.value.code == "repository-malformed"


def test_old_repositories_with_odd_modes_and_dates_are_read(mirror: Mirror, origin) -> None:
    blob = bytes.fromhex(origin.git("rev-parse", "HEAD:train.py"))
    inner = origin.object("tree", b"100664 f.py\0" + blob)
    tree = origin.object("tree", b"040000 d\0" + bytes.fromhex(inner))
    author = "A <a@example.com> 1000000000 +051800"
    commit = origin.object("commit", f"tree {tree}\nauthor {author}\ncommitter {author}\n\nold\n".encode())  # fmt: skip
    origin.git("update-ref", "refs/heads/old", commit)
    assert mirror.read_file(commit, "d/f.py") == b"def train(): ...\n"


# The header of an object in a pack: a commit of 64 TiB.
GIANT = b"\x9f" + b"\xff" * 5 + b"\x7f"


def damage(store: Path, begin: bytes = b"") -> None:
    """Other bytes in all packs, the first as they are given."""
    for pack in store.glob("objects/pack/*.pack"):
        pack.chmod(0o644)
        content = bytearray(pack.read_bytes())
        noise = random.Random(len(content)).randbytes(len(content) - 32)
        content[12 : len(content) - 20] = begin + noise[len(begin) :]
        pack.write_bytes(content)


@pytest.mark.parametrize("harm", ["pack", "giant", "no-pack", "head"])
def test_a_damaged_mirror_is_set_aside_and_made_anew(
    mirror: Mirror, origin, cache: Cache, harm: str
) -> None:
    commit = mirror.resolve("main")
    mirror.fetch(commit)
    if harm in ("pack", "giant"):
        damage(mirror.files, GIANT if harm == "giant" else b"")
    elif harm == "no-pack":
        shutil.rmtree(mirror.files / "objects" / "pack")
    else:
        (mirror.files / "HEAD").write_text("nonsense")
    again = Mirror(cache, mirror.url, mirror.policy)
    assert again.read_file(commit, "train.py") == b"def train(): ...\n"
    if harm == "head":  # reading does not need it, changing does
        assert again.read_file(origin.commit({"b": "2"}), "b") == b"2"
    assert mirror.files.with_suffix(".damaged").exists()


@pytest.mark.parametrize("below", [None, "pkg"])
def test_what_a_damaged_mirror_held_is_held_again(
    mirror: Mirror, origin, cache: Cache, below: str | None
) -> None:
    older = origin.git("rev-parse", "HEAD")
    gone = origin.commit({"a": "1"})
    origin.git("reset", "-q", "--hard", older)
    newer = origin.commit({"b": "2"})
    for commit in (older, gone, newer):
        mirror.fetch(commit, below)
    store = mirror.files if below is None else mirror.folder / "folders.git"
    mirror.fetch(origin.commit({"c": "3"}), below)
    (origin.path / ".git/ORIG_HEAD").unlink()
    origin.git("reflog", "expire", "--expire=now", "--all")
    origin.git("gc", "-q", "--prune=now")
    with pytest.raises(AssertionError):
        origin.git("cat-file", "-e", gone)
    shutil.rmtree(store / "objects" / "pack")
    again = Mirror(cache, mirror.url, mirror.policy)
    assert again.tree_of(newer, below)
    held = call.run(["for-each-ref", "--format=%(refname)", "refs/taxiway/pin"], store=store)
    names = held.stdout.decode().replace("refs/taxiway/pin/", "").split()
    assert set(names) == {older, newer, origin.git("rev-parse", "HEAD")}  # not the one that is gone


def test_damage_that_returns_is_told(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = mirror.resolve("main")
    mirror.fetch(commit)
    damage(mirror.files)
    fetch: Callable[..., None] = mirror.fetch

    def fetch_and_damage(*wanted: str) -> None:
        fetch(*wanted)
        damage(mirror.files)

    monkeypatch.setattr(mirror, "fetch", fetch_and_damage)
    with pytest.raises(Unavailable) as caught:
        mirror.tree_of(commit)
    assert caught.value.code == "mirror-damaged"


def test_what_a_killed_git_left_is_swept_away(mirror: Mirror, origin) -> None:
    first = mirror.resolve("main")
    mirror.fetch(first)
    second = origin.commit({"b": "2"})
    store = mirror.files
    left = [
        store / "shallow.lock",
        store / "packed-refs.lock",
        store / f"refs/taxiway/pin/{second}.lock",
        store / "objects/pack/tmp_pack_x1y2z3",
    ]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("half")
    mirror.fetch(second)
    assert mirror.read_file(second, "b") == b"2"
    assert not any(path.exists() for path in left)


def test_a_full_disk_is_told_before_a_transfer(mirror: Mirror, cache: Cache) -> None:
    commit = mirror.resolve("main")
    policy = replace(mirror.policy, limits=TreeLimits(free_bytes=1 << 60))
    with pytest.raises(Unavailable) as caught:
        Mirror(cache, mirror.url, policy).fetch(commit)
    assert caught.value.code == "disk-full"
