"""Bringing exactly what a deploy needs: one commit, with its files or those of one folder.

A server that refuses to give a bare commit is asked for its branches; one that does not filter
sends more than is needed; one that gives no single objects is asked for the whole commit.
"""

from __future__ import annotations

from pathlib import Path

from taxiway.errors import NotFound, Unavailable
from taxiway.git import failures, objects
from taxiway.git.names import check_path, folders_above
from taxiway.git.policy import Target, TreeLimits
from taxiway.git.store import Store
from taxiway.storage.cache import Cache

_TOGETHER = 100  # commits in one request
_ABOVE = (".gitmodules", ".lfsconfig")
_ALL_HISTORY = "--depth=2147483647"  # git's own spelling of "unshallow", also where nothing is


class Fetching:
    """The stores of one mirror that have files, and how they are filled."""

    def __init__(self, cache: Cache, folder: Path, key: str, limits: TreeLimits) -> None:
        self._whole = Store(folder / "files.git", cache, key, limits)
        self._partial = Store(folder / "folders.git", cache, f"{key}.folders", limits)

    def find(self, commit: str, folder: str | None) -> Store | None:
        """The store that has the commit, and all files of the folder."""
        if self._whole.holds(pin(commit), commit):
            return self._whole
        if folder is None or not self._partial.holds(pin(commit), commit):
            return None
        return self._partial if self._has_folder(commit, folder) else None

    def _has_folder(self, commit: str, folder: str) -> bool:
        store = self._partial
        tree = _folder_tree(store, commit, folder)
        return store.has_ref(_full(tree), tree) and not objects.lacking(
            store.path, _of_the_root(store, commit, folder)
        )

    def fetch(self, target: Target, commit: str, folder: str | None) -> Store:
        if folder is not None and self._fetch_folder(target, commit, folder):
            return self._partial
        store = self._whole
        with store.changing() as lock:
            if store.holds(pin(commit), commit):
                return store
            _renew_if_damaged(store, commit)
            self._fetch_whole(target, commit, lock)
            _hold_again(store, target, ["--depth=1"], lock)
        return store

    def _fetch_whole(self, target: Target, commit: str, lock: int) -> None:
        store = self._whole
        done = store.fetch(target, ["--depth=1"], [f"{commit}:{pin(commit)}"], lock)
        if done.returncode != 0 and failures.refuses_bare_commit(done):
            self._fetch_by_branches(target, commit, lock)
        else:
            store.require_done(done, target)
        if not store.holds(pin(commit), commit):
            store.drop(pin(commit))
            raise failures.commit_not_found(target, commit)

    def _fetch_by_branches(self, target: Target, commit: str, lock: int) -> None:
        """For servers that give only what a branch names: all of every branch, then look."""
        spec = "+refs/heads/*:refs/taxiway/all/*"
        done = self._whole.fetch(target, [_ALL_HISTORY, "--prune"], [spec], lock)
        self._whole.require_done(done, target)
        if not self._whole.point(pin(commit), commit):
            raise failures.commit_not_found(target, commit)

    def _fetch_folder(self, target: Target, commit: str, folder: str) -> bool:
        """Whether the commit is there with the files of the folder, and those only."""
        store = self._partial
        with store.changing() as lock:
            if not store.holds(pin(commit), commit):
                _renew_if_damaged(store, commit)
                spec = f"{commit}:{pin(commit)}"
                done = store.fetch(target, ["--depth=1", "--filter=blob:none"], [spec], lock)
                if done.returncode != 0 and failures.refuses_bare_commit(done):
                    return False
                store.require_done(done, target)
                if not store.holds(pin(commit), commit):
                    store.drop(pin(commit))
                    raise failures.commit_not_found(target, commit)
            if self._has_folder(commit, folder):
                return True
            tree = _folder_tree(store, commit, folder)
            needed = [*_of_the_root(store, commit, folder), *objects.blobs_below(store.path, tree)]
            wanted = objects.lacking(store.path, needed)
            if wanted:
                done = store.fetch(target, ["--filter=blob:none", "--stdin"], [], lock, wanted)
                if done.returncode != 0 and failures.refuses_bare_commit(done):
                    return False
                store.require_done(done, target)
            _hold_again(store, target, ["--depth=1", "--filter=blob:none"], lock)
            return store.point(_full(tree), tree)


def _renew_if_damaged(store: Store, commit: str) -> None:
    """A ref is written last: one without its commit is damage, and nothing is mended in place."""
    if (store.path / pin(commit)).exists():
        store.renew()


def _hold_again(store: Store, target: Target, options: list[str], lock: int) -> None:
    """After a store was made anew: what the damaged one had held for releases. One that the remote
    no longer gives stays lost; what it does not give now is asked for at the next fetch."""
    lost = [c for c in store.held_aside("refs/taxiway/pin") if not store.holds(pin(c), c)]
    try:
        for start in range(0, len(lost), _TOGETHER):
            some = lost[start : start + _TOGETHER]
            done = store.fetch(target, options, [f"{c}:{pin(c)}" for c in some], lock)
            for commit in some if done.returncode else ():
                store.fetch(target, options, [f"{commit}:{pin(commit)}"], lock)
    except Unavailable:
        return
    store.let_go_of_aside()


def _folder_tree(store: Store, commit: str, folder: str) -> str:
    root = objects.tree_of(store.path, commit)
    tree = objects.folder_of(store.path, root, check_path(folder))
    if tree is None:
        raise folder_not_found(folder, commit)
    return tree


def _of_the_root(store: Store, commit: str, folder: str) -> list[str]:
    """What counts for a folder and lies above it."""
    root = objects.tree_of(store.path, commit)
    paths = [f"{above}.gitattributes" for above in folders_above(folder)]
    found = [objects.blob_at(store.path, root, path) for path in (*paths, *_ABOVE)]
    return [oid for oid in found if oid]


def folder_not_found(folder: str, commit: str) -> NotFound:
    return NotFound(
        "folder-not-found",
        f"There is no folder {folder} in the commit {commit}",
        hint="Give git_subdirectory from the repository's root, like services/training.",
        folder=folder,
        commit=commit,
    )


def pin(commit: str) -> str:
    """The ref of ours that holds a commit."""
    return f"refs/taxiway/pin/{commit}"


def _full(tree: str) -> str:
    """The ref of ours that says: all files below this folder are there."""
    return f"refs/taxiway/full/{tree}"
