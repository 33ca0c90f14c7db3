"""Reads what stands in repositories: at which commit, and through which mirror."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import pygit2

from taxiway.errors import Invalid, TaxiwayError
from taxiway.functions.found import FoundFunctions
from taxiway.git import browse, failures
from taxiway.git.fetching import pin
from taxiway.git.mirror import Mirror
from taxiway.git.names import check_commit
from taxiway.git.objects import DamagedStore
from taxiway.git.policy import GitPolicy, check
from taxiway.git.url import RepositoryUrl
from taxiway.server.database import Database, RepositoryRow
from taxiway.server.releases.records import error_to_json
from taxiway.server.repositories import service
from taxiway.server.repositories.looks import Look, Looks
from taxiway.storage.cache import Cache

T = TypeVar("T")
PolicyOf = Callable[[RepositoryRow], GitPolicy]
POLICY_SECONDS = 10.0


@dataclass(frozen=True)
class Place:
    """A commit of a repository, and the full name of the ref that led to it."""

    mirror: Mirror
    commit: str
    ref: str | None


class Browser:
    """One per server process."""

    def __init__(self, database: Callable[[], Database], cache: Cache, policy_of: PolicyOf) -> None:
        self.found = FoundFunctions(cache)
        self._database = database
        self._cache = cache
        self._policy_of = policy_of
        self._looks = Looks()
        self._guard = threading.Lock()
        self._policies: dict[tuple[str, str | None], tuple[float, GitPolicy]] = {}

    def mirror(self, repository_id: str) -> Mirror:
        """Only what is registered is read. `NotFound` (`repository-not-found`)."""
        with self._database().reading() as session:
            row = service.get(session, repository_id)
        return Mirror(self._cache, RepositoryUrl.parse(row.url), self._policy(row))

    def _policy(self, row: RepositoryRow) -> GitPolicy:
        """Good for a moment: opening a credential is recorded, and a page reads several times."""
        key, now = (row.id, row.git_credential_id), time.monotonic()
        with self._guard:
            self._policies = {k: v for k, v in self._policies.items() if v[0] > now}
            known = self._policies.get(key)
        if known is not None:
            return known[1]
        policy = self._policy_of(row)
        with self._guard:
            self._policies[key] = (now + POLICY_SECONDS, policy)
        return policy

    def look(self, repository_id: str, *, now: bool = False) -> tuple[Mirror, Look]:
        mirror = self.mirror(repository_id)
        return mirror, self._looks.look(mirror, now=now)

    def refresh(self, repository_id: str) -> RepositoryRow:
        """Look at the remote now, and remember what was seen, or why nothing was."""
        try:
            _, seen = self.look(repository_id, now=True)
            branch, problem = seen.default_branch, None
        except TaxiwayError as error:
            branch, problem = None, error
        with self._database().writing() as session:
            told = error_to_json(problem) if problem else None
            row = service.note_look(session, repository_id, branch, told)
        if problem is not None:
            raise problem
        return row

    def place(self, repository_id: str, ref: str | None = None, commit: str | None = None) -> Place:
        """Where a request reads. `Invalid` (`ref-and-commit`), `NotFound` (`ref-not-found`)."""
        if ref is not None and commit is not None:
            raise Invalid(
                "ref-and-commit",
                "Both ref and commit are given",
                hint="Give one of them: a commit never moves, a ref is looked up.",
            )
        mirror = self.mirror(repository_id)
        found = self._looks.resolve(mirror, commit if commit is not None else ref)
        return Place(mirror, found.commit, found.ref)

    def read(self, place: Place, read: Callable[[pygit2.Repository], T]) -> T:
        """Read the commit's files: from the mirror at once, or when it was fetched."""
        return self.read_all(place.mirror, (place.commit,), read)

    def read_all(
        self, mirror: Mirror, commits: Sequence[str], read: Callable[[pygit2.Repository], T]
    ) -> T:
        """Read several commits of one repository side by side."""
        for commit in commits:
            check_commit(commit)
        if mirror.url.scheme == "file":
            check(mirror.url, mirror.policy)  # it may have been closed since it was fetched
        try:
            return browse.reading(mirror.files, lambda store: _pinned(store, commits, read))
        except DamagedStore:  # also: not there yet
            return _healing(mirror, commits, lambda: browse.reading(mirror.files, read))

    def read_history(self, place: Place, read: Callable[[pygit2.Repository], T]) -> T:
        """Read the commits before the place's; they are fetched when they are not there yet."""
        mirror = place.mirror

        def known(store: pygit2.Repository) -> T:
            store[place.commit]  # else: not there yet
            return read(store)

        try:
            if mirror.url.scheme == "file":
                check(mirror.url, mirror.policy)
            return browse.reading(mirror.history, known)
        except DamagedStore:
            _fetch_history(mirror, place)
        try:
            return browse.reading(mirror.history, known)
        except DamagedStore as error:
            raise failures.commit_not_found(
                check(mirror.url, mirror.policy), place.commit
            ) from error


def _fetch_history(mirror: Mirror, place: Place) -> None:
    """Of the ref; of all branches and tags for a bare commit, which is looked for among them."""
    if place.ref is not None:
        mirror.history_of(place.ref)
    else:
        mirror.resolve_ref(place.commit[:-1])


def _pinned(
    store: pygit2.Repository, commits: Sequence[str], read: Callable[[pygit2.Repository], T]
) -> T:
    for commit in commits:
        if str(store.lookup_reference(pin(commit)).target) != commit:
            raise DamagedStore(commit)
    return read(store)


def _healing(mirror: Mirror, commits: Sequence[str], read: Callable[[], T]) -> T:
    first, *rest = commits
    if not rest:
        return mirror.healing(first, read)
    return mirror.healing(first, lambda: _healing(mirror, rest, read))
