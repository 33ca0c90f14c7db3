"""The mirror of one repository: what was ever fetched of it, pinned by refs of ours.

    <cache>/mirrors/<repository,credential>/
    ├── files.git      single commits with their files, under refs/taxiway/pin/<commit>
    ├── folders.git    single commits with the files of some folders only
    ├── history.git    commits without files, under refs/taxiway/h/…; never read for trees
    └── *.damaged      set aside when something in it was missing or did not match its id

Neither a force-push nor the remote's gc takes anything away.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from taxiway.errors import Invalid, NotFound, Unavailable
from taxiway.git import call, failures, objects, refs, transfer
from taxiway.git.fetching import Fetching, folder_not_found
from taxiway.git.names import check_branch, check_commit, check_path, check_ref
from taxiway.git.policy import GitPolicy, Target, check
from taxiway.git.refs import Kind, Ref, Resolved
from taxiway.git.store import Store, moment
from taxiway.git.trees import TreeEntry
from taxiway.git.url import RepositoryUrl
from taxiway.storage.cache import Cache

T = TypeVar("T")
READ_LIMIT = 10 * 1024**2
LOCKS = ("", ".folders", ".history")  # of a mirror's stores, after its key


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
        self._fetching = Fetching(cache, self.folder, self.key, policy.limits)
        self._history = Store(self.history, cache, f"{self.key}.history", policy.limits)
        self._fetched: dict[tuple[str, str | None], Store] = {}
        self._listed: tuple[str, str | None, dict[str, TreeEntry]] | None = None

    @property
    def stores(self) -> tuple[Path, Path]:
        return self.files, self.folder / "folders.git"

    # --- the remote ------------------------------------------------------------------------

    def refs(self) -> list[Ref]:
        """The branches and tags of the remote now; annotated tags with the commit they name."""
        target = check(self.url, self.policy)
        return refs.parse(self._said(target, transfer.list_refs))

    def default_branch(self) -> str | None:
        """The branch that the remote's HEAD names; `None` where it names none."""
        target = check(self.url, self.policy)
        return refs.parse_head(self._said(target, transfer.list_head))

    def resolve(self, branch: str) -> str:
        """The full commit at the head of `branch` now; `NotFound` (`branch-not-found`)."""
        return self.resolve_name(f"refs/heads/{check_branch(branch)}").commit

    def resolve_name(self, text: str, *, prefer: Kind | None = "branch") -> Resolved:
        """The commit at a branch or a tag; where both have the name, at what is preferred."""
        check_branch(refs.split(text)[1])
        found = refs.choose(self.refs(), text, prefer)
        if found is None:
            raise failures.branch_not_found(check(self.url, self.policy), refs.split(text)[1])
        return Resolved(found.commit, found.full_name)

    def resolve_ref(self, text: str, *, prefer: Kind | None = "branch") -> Resolved:
        """The commit that a user's text names: a branch, a tag, a full commit, or the beginning
        of one commit's id. `refs/heads/x` and `refs/tags/x` say which one is meant.

        `NotFound` (`ref-not-found`); `Invalid` (`ref-invalid`, `ref-ambiguous`).
        """
        check_ref(text)
        if len(text) == 40 and refs.is_short_commit(text):
            return Resolved(text.lower())
        found = refs.choose(self.refs(), text, prefer)
        if found is not None:
            return Resolved(found.commit, found.full_name)
        if not refs.is_short_commit(text):
            raise failures.ref_not_found(check(self.url, self.policy), text)
        return Resolved(self._expand(text.lower()))

    def _said(self, target: Target, ask: transfer.Ask) -> bytes:
        done = ask(target, self.policy.limits)
        if done.returncode not in (0, 2):  # 2: it has no such ref
            raise failures.explain(done, target)
        return done.stdout

    def fetch(self, commit: str, folder: str | None = None) -> None:
        """Have exactly that commit, pinned, with its files or those of one folder. No request if
        it is there already.

        `NotFound` (`commit-not-found`, `folder-not-found`) when the remote does not have it.
        """
        check_commit(commit)
        if self.url.scheme == "file":
            check(self.url, self.policy)
        store = self._fetching.find(commit, folder)
        if store is None:
            target = check(self.url, self.policy)
            store = self._fetching.fetch(target, commit, folder)
        self._fetched[commit, folder] = store

    # --- history ---------------------------------------------------------------------------

    def history_of(self, ref: str) -> str:
        """Have the commits of a branch or a tag, as they are now, in the history store; the commit
        at its head. A bare name is a branch, else a tag. `NotFound` (`branch-not-found`)."""
        return self._history_at(ref).commit

    def require_reachable(self, commit: str, ref: str) -> str:
        """The full name of the ref, which contains `commit` now; else `Invalid`
        (`commit-not-on-branch`). A bare name is a branch, else a tag."""
        check_commit(commit)
        head = self._history_at(ref)
        arguments = ["merge-base", "--is-ancestor", commit, head.commit]
        reachable = call.run(arguments, store=self.history, timeout=120)
        if reachable.returncode != 0:  # 1: not an ancestor; 128: not there at all
            name = refs.split(ref)[1]
            raise Invalid(
                "commit-not-on-branch",
                f"The commit {commit} is not on the branch {name} of {self.url}",
                hint="Pin a commit of that branch, or name the branch that holds it; a deploy "
                "with allow_unreachable takes it all the same, and is recorded.",
                commit=commit,
                branch=name,
            )
        return str(head.ref)

    def _history_at(self, ref: str) -> Resolved:
        kind, name = refs.split(ref)
        check_branch(name)
        if kind is not None:
            return Resolved(self._bring_history(ref, name), ref)
        try:
            return Resolved(self._bring_history(f"refs/heads/{name}", name), f"refs/heads/{name}")
        except NotFound as error:
            if error.code != "branch-not-found":
                raise
        return Resolved(self._bring_history(f"refs/tags/{name}", name), f"refs/tags/{name}")

    def _bring_history(self, full: str, name: str) -> str:
        ours = _history_ref(full)
        self._update_history(f"+{full}:{ours}", name)
        seen = self._history.identity()
        with suppress(objects.DamagedStore):
            return objects.commit_of(self.history, ours)
        self._history.set_aside_if(seen)
        self._update_history(f"+{full}:{ours}", name)
        return objects.commit_of(self.history, ours)

    def _update_history(self, spec: str, name: str, *options: str) -> None:
        target = check(self.url, self.policy)
        asked = moment()
        with self._history.changing() as lock:
            if self._history.fetched_since(spec, asked):
                return
            began = moment()
            done = self._history.fetch(target, ["--filter=tree:0", *options], [spec], lock)
            if done.returncode != 0 and "couldn't find remote ref" in done.complaint:
                raise failures.branch_not_found(target, name)
            self._history.require_done(done, target)
            self._history.note_fetch(spec, began)

    def _expand(self, prefix: str) -> str:
        """The one commit of any branch or tag whose id begins with `prefix`."""
        for folder in ("heads", "tags"):
            self._update_history(f"+refs/{folder}/*:refs/taxiway/{folder}/*", prefix, "--prune")
        found = objects.commits_like(self.history, prefix)
        if len(found) > 1:
            raise refs.ambiguous(prefix, found)
        if not found:
            raise failures.ref_not_found(check(self.url, self.policy), prefix)
        return found[0]

    # --- what was fetched ------------------------------------------------------------------

    def store_of(self, commit: str, folder: str | None = None) -> Path:
        """The bare store that has the commit, fetched if need be; read it inside `healing`."""
        if (commit, folder) not in self._fetched:
            self.fetch(commit, folder)
        return self._fetched[commit, folder].path

    def tree_of(self, commit: str, folder: str | None = None) -> str:
        """The id of the commit's tree, or of the tree of one folder of it."""

        def read() -> str:
            store = self.store_of(commit, folder)
            tree = objects.tree_of(store, commit)
            found = objects.folder_of(store, tree, folder) if folder is not None else tree
            if found is None:
                raise folder_not_found(folder or "", commit)
            return found

        return self.healing(commit, read, folder)

    def list_tree(self, commit: str, folder: str | None = None) -> Iterator[TreeEntry]:
        """Files, links and submodules in git's order; `Invalid` when a limit is passed."""
        return iter(self.entries(commit, folder).values())

    def entries(self, commit: str, folder: str | None = None) -> dict[str, TreeEntry]:
        """As `list_tree`, by path; paths begin at the folder."""
        check_commit(commit)
        if self._listed is None or self._listed[:2] != (commit, folder):
            tree, limits = self.tree_of(commit, folder), self.policy.limits

            def read() -> list[TreeEntry]:
                return objects.entries_of(self.store_of(commit, folder), tree, limits)

            found = self.healing(commit, read, folder)
            self._listed = (commit, folder, {entry.path: entry for entry in found})
        return self._listed[2]

    def read_file(
        self, commit: str, path: str, *, folder: str | None = None, limit: int = READ_LIMIT
    ) -> bytes | None:
        """The bytes of a file, `None` where there is none. `Invalid`: a link or a submodule on
        the way (`path-is-link`, `path-is-submodule`), or more than `limit` bytes."""
        entry = objects.entry_in(self.entries(commit, folder), check_path(path))
        if entry is None:
            return None
        objects.require_readable(entry, limit)
        [data] = self.read_blobs(commit, [entry.oid], folder)
        return data

    def read_above(self, commit: str, path: str, folder: str | None, limit: int) -> bytes | None:
        """A small file by its path from the root, also where only one folder was fetched."""

        def read() -> bytes | None:
            store = self.store_of(commit, folder)
            oid = objects.blob_at(store, objects.tree_of(store, commit), path)
            return objects.read_blob(store, oid, limit=limit) if oid else None

        return self.healing(commit, read, folder)

    def attributes(
        self, commit: str, paths: Sequence[str], name: str, folder: str | None
    ) -> dict[str, str]:
        """The value of a Git attribute for each path, by the commit's own `.gitattributes`."""

        def read() -> dict[str, str]:
            return objects.attributes(self.store_of(commit, folder), commit, paths, name)

        return self.healing(commit, read, folder)

    def read_blobs(
        self, commit: str, oids: Sequence[str], folder: str | None = None
    ) -> list[bytes]:
        """The contents of small files of the commit, in the order asked for."""

        def read() -> list[bytes]:
            return list(objects.read_blobs(self.store_of(commit, folder), oids))

        return self.healing(commit, read, folder)

    def healing(self, commit: str, read: Callable[[], T], folder: str | None = None) -> T:
        """`read()`; a damaged store is set aside and the commit fetched anew, once."""
        self.store_of(commit, folder)
        seen = self._fetched[commit, folder].identity()
        # libgit2 keeps a pack by its path for as long as anything refers to it, and an exception
        # refers to what raised it: what follows is done when it is gone.
        with suppress(objects.DamagedStore):
            return read()
        self.renew(commit, folder, seen)
        with suppress(objects.DamagedStore):
            return read()
        raise self.beyond_repair()

    def renew(self, commit: str, folder: str | None = None, seen: int | None = None) -> None:
        """Set the store aside that turned out to be damaged, and fetch the commit anew. `seen`:
        which store it was; another process may have done it meanwhile."""
        store = self._fetched[commit, folder]
        store.set_aside_if(store.identity() if seen is None else seen)
        self.fetch(commit, folder)

    def beyond_repair(self) -> Unavailable:
        return Unavailable(
            "mirror-damaged",
            f"The copy of {self.url} in the cache is damaged, and a new one too",
            hint=f"Check the disk and the memory of this machine; remove {self.folder}.",
        )


def _history_ref(full: str) -> str:
    """Hashed, because branches may take turns as folders of each other."""
    return "refs/taxiway/h/" + hashlib.sha256(full.encode()).hexdigest()[:40]
