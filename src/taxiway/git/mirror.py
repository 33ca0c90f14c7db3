"""The mirror of one repository: what was ever fetched of it, pinned by refs of ours.

    <cache>/mirrors/<repository>/
    ├── files.git      single commits with their files, under refs/taxiway/pin/<commit>
    ├── history.git    commits without files, under refs/taxiway/h/…: is this commit on that branch?
    └── *.damaged      set aside when something in it was missing or did not match its id

A ref is written last: a ref that is there has all it names. Neither a force-push nor the remote's
gc takes anything away. One process at a time changes a store; readers need no lock.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from taxiway.errors import Invalid, Unavailable
from taxiway.git import call, failures, objects, transfer
from taxiway.git.names import check_branch, check_commit, check_path
from taxiway.git.policy import GitPolicy, Target, check
from taxiway.git.trees import LINK, SUBMODULE, TreeEntry
from taxiway.git.url import RepositoryUrl
from taxiway.process import Completed
from taxiway.storage.cache import Cache, remove_tree, sync_folder

T = TypeVar("T")
_ALL_HISTORY = "--depth=2147483647"  # git's own spelling of "unshallow", also where nothing is


class Mirror:
    """One repository, read under one policy. Making one touches neither disk nor network."""

    def __init__(self, cache: Cache, url: RepositoryUrl, policy: GitPolicy) -> None:
        self.cache = cache
        self.url = url
        self.policy = policy
        self.key = policy.access.mirror_key(url)
        self.folder = cache.path("mirrors", self.key)
        self.files = self.folder / "files.git"
        self.history = self.folder / "history.git"
        self._fetched: set[str] = set()
        self._listed: tuple[str, dict[str, TreeEntry]] | None = None

    # --- the remote ------------------------------------------------------------------------

    def resolve(self, branch: str) -> str:
        """The full commit at the head of `branch` now; `NotFound` (`branch-not-found`)."""
        ref = f"refs/heads/{check_branch(branch)}"
        target = check(self.url, self.policy)
        done = transfer.list_head(ref, target, self.policy.limits)
        if done.returncode not in (0, 2):
            raise failures.explain(done, target)
        for line in done.stdout.decode("utf-8", "replace").splitlines():
            commit, _, name = line.partition("\t")
            if name == ref:  # the pattern also matches refs/heads/x/refs/heads/<branch>
                return check_commit(commit)
        raise failures.branch_not_found(target, branch)

    def fetch(self, commit: str) -> None:
        """Have exactly that commit with its files, pinned. No request if it is there already.

        `NotFound` (`commit-not-found`) when the remote does not have it.
        """
        check_commit(commit)
        if self.url.scheme == "file":
            check(self.url, self.policy)
        if self._has(commit):
            return
        target = check(self.url, self.policy)
        with self._changing(self.files) as lock:
            if self._has(commit):
                return
            if (self.files / _pin(commit)).exists():  # a ref is written last: this is damage
                self._set_aside(self.files)
                self._prepare(self.files)
            self._fetch(target, commit, lock)

    def require_reachable(self, commit: str, branch: str) -> None:
        """Raise `Invalid` (`commit-not-on-branch`) unless `branch` contains `commit` now."""
        check_commit(commit)
        ref = "refs/taxiway/h/" + hashlib.sha256(check_branch(branch).encode()).hexdigest()[:40]
        target = check(self.url, self.policy)
        with self._changing(self.history) as lock:
            spec = f"+refs/heads/{branch}:{ref}"
            done = self._fetch_into(self.history, target, ["--filter=tree:0"], spec, lock)
            if done.returncode != 0 and "couldn't find remote ref" in done.complaint:
                raise failures.branch_not_found(target, branch)
            self._require_done(done, target, self.history)
            arguments = ["merge-base", "--is-ancestor", commit, ref]
            reachable = call.run(arguments, store=self.history, timeout=120)
        if reachable.returncode != 0:  # 1: not an ancestor; 128: not there at all
            raise Invalid(
                "commit-not-on-branch",
                f"The commit {commit} is not on the branch {branch} of {self.url}",
                hint="Pin a commit of that branch, or name the branch that holds it.",
                commit=commit,
                branch=branch,
            )

    # --- what was fetched ------------------------------------------------------------------

    def tree_of(self, commit: str) -> str:
        """The id of the commit's tree."""
        return self.healing(commit, lambda: objects.tree_of(self.files, commit))

    def list_tree(self, commit: str) -> Iterator[TreeEntry]:
        """Files, links and submodules in git's order; `Invalid` when a limit is passed."""
        return iter(self._entries(commit).values())

    def read_file(self, commit: str, path: str, *, limit: int = 10 * 1024**2) -> bytes | None:
        """The bytes of a file, `None` where there is none. `Invalid`: a link or a submodule on
        the way (`path-is-link`, `path-is-submodule`), or more than `limit` bytes."""
        entry = self._entry(commit, check_path(path))
        if entry is None:
            return None
        if (entry.size or 0) > limit:
            raise Invalid(
                "file-too-large",
                f"{path} has {entry.size:,} bytes; at most {limit:,} are read",
                hint="Keep data out of files that are read as code or configuration.",
                limit=limit,
            )
        return self.healing(commit, lambda: objects.read_blob(self.files, entry.oid))

    def healing(self, commit: str, read: Callable[[], T]) -> T:
        """`read()`; a damaged store is set aside and the commit fetched anew, once."""
        if commit not in self._fetched:
            self.fetch(commit)
        seen = self._identity()
        try:
            return read()
        except objects.DamagedStore:
            with self.cache.lock("mirrors", self.key):
                if self._identity() == seen:
                    self._set_aside(self.files)
        self.fetch(commit)
        try:
            return read()
        except objects.DamagedStore as error:
            raise Unavailable(
                "mirror-damaged",
                f"The copy of {self.url} in the cache is damaged, and a new one too",
                hint=f"Check the disk and the memory of this machine; remove {self.folder}.",
            ) from error

    def _entries(self, commit: str) -> dict[str, TreeEntry]:
        check_commit(commit)
        if self._listed is None or self._listed[0] != commit:
            limits = self.policy.limits
            found = self.healing(commit, lambda: objects.entries_of(self.files, commit, limits))
            self._listed = (commit, {entry.path: entry for entry in found})
        return self._listed[1]

    def _entry(self, commit: str, path: str) -> TreeEntry | None:
        entries = self._entries(commit)
        parts = path.split("/")
        for depth in range(1, len(parts) + 1):
            entry = entries.get("/".join(parts[:depth]))
            if entry is not None and entry.mode in (LINK, SUBMODULE):
                kind = "link" if entry.mode == LINK else "submodule"
                raise Invalid(
                    f"path-is-{kind}",
                    f"{entry.path} is a {kind}; {path} cannot be read through it",
                    hint="Name the file itself by its path in the repository.",
                )
        return entry

    # --- changing a store ------------------------------------------------------------------

    def _has(self, commit: str) -> bool:
        there = self.files.exists() and objects.holds(self.files, _pin(commit), commit)
        if there:
            self._fetched.add(commit)
        return there

    def _fetch(self, target: Target, commit: str, lock: int) -> None:
        spec = f"{commit}:{_pin(commit)}"
        done = self._fetch_into(self.files, target, ["--depth=1"], spec, lock)
        if done.returncode != 0 and failures.refuses_bare_commit(done):
            self._fetch_by_branches(target, commit, lock)
        else:
            self._require_done(done, target, self.files)
        if not self._has(commit):
            call.run(["update-ref", "-d", _pin(commit)], store=self.files)
            raise failures.commit_not_found(target, commit)

    def _fetch_by_branches(self, target: Target, commit: str, lock: int) -> None:
        """For servers that give only what a branch names: all of every branch, then look."""
        spec = "+refs/heads/*:refs/taxiway/all/*"
        options = [_ALL_HISTORY, "--prune"]
        self._require_done(
            self._fetch_into(self.files, target, options, spec, lock), target, self.files
        )
        pinned = call.run(["update-ref", _pin(commit), commit], store=self.files)
        if pinned.returncode != 0:
            raise failures.commit_not_found(target, commit)

    def _fetch_into(
        self, store: Path, target: Target, options: Sequence[str], spec: str, lock: int
    ) -> Completed:
        arguments = [*options, "--end-of-options", target.text, spec]
        done = transfer.fetch(arguments, target, self.policy.limits, store=store, lock=lock)
        if done.returncode != 0 and not objects.is_sound(store):
            self._set_aside(store)
            self._prepare(store)
            done = transfer.fetch(arguments, target, self.policy.limits, store=store, lock=lock)
        return done

    def _require_done(self, done: Completed, target: Target, store: Path) -> None:
        if done.returncode == 0:
            return
        if transfer.hit_limit(store, self.policy.limits):
            transfer.sweep(store)
            raise failures.too_large(target, self.policy.limits)
        raise failures.explain(done, target)

    @contextmanager
    def _changing(self, store: Path) -> Iterator[int]:
        """The only process that changes this store. git inherits the lock: when we are killed it
        is free again only after the git that we started has ended too."""
        suffix = "" if store == self.files else ".history"
        with self.cache.open_lock("mirrors", self.key + suffix) as lock:
            self._require_room()
            self._prepare(store)
            yield lock

    def _prepare(self, store: Path) -> None:
        if store.exists():
            transfer.sweep(store)
            return
        fresh = store.with_suffix(".new")
        remove_tree(fresh)
        fresh.parent.mkdir(parents=True, exist_ok=True)
        done = call.run(["init", "-q", "--bare", "--object-format=sha1", "--", str(fresh)])
        if done.returncode != 0:
            raise Unavailable(
                "mirror-failed",
                f"A mirror of {self.url} could not be made: {done.complaint}",
                hint=f"Check that {self.cache.root} can be written.",
            )
        fresh.rename(store)
        sync_folder(store.parent)

    def _set_aside(self, store: Path) -> None:
        damaged = store.with_suffix(".damaged")
        remove_tree(damaged)
        if store.exists():
            store.rename(damaged)

    def _identity(self) -> int | None:
        try:
            return self.files.stat().st_ino
        except FileNotFoundError:
            return None

    def _require_room(self) -> None:
        free = shutil.disk_usage(self.cache.root).free
        if free < self.policy.limits.free_bytes:
            raise Unavailable(
                "disk-full",
                f"Only {free:,} bytes are free on the cache's disk",
                hint=f"Free some space under {self.cache.root}, then try again.",
            )


def _pin(commit: str) -> str:
    return f"refs/taxiway/pin/{commit}"
