"""Who made the commits that branches and tags name, and when: one commit each, without files.

They lie in a store of their own, `tips.git`: it is shallow, and the history must not be.
"""

from __future__ import annotations

from collections.abc import Iterable

import pygit2

from taxiway.errors import TaxiwayError
from taxiway.git.browse import reading
from taxiway.git.commits import CommitFacts, commit_facts
from taxiway.git.mirror import Mirror
from taxiway.git.objects import DamagedStore
from taxiway.git.policy import check
from taxiway.git.store import Store

MOST = 5000  # refs; of a repository with more, dates are told as far as they are known
_SPECS = ("+refs/heads/*:refs/taxiway/heads/*", "+refs/tags/*:refs/taxiway/tags/*")


def tips(mirror: Mirror, commits: Iterable[str]) -> dict[str, CommitFacts]:
    """The facts of the commits that refs name now, as far as the remote gives them: a list of refs
    without dates is better than none."""
    wanted = set(commits)
    store = Store(
        mirror.folder / "tips.git", mirror.cache, f"{mirror.key}.tips", mirror.policy.limits
    )
    known = _read(store, wanted)
    if len(known) == len(wanted) or len(wanted) > MOST:
        return known
    try:
        target = check(mirror.url, mirror.policy)
        with store.changing() as lock:
            options = ["--depth=1", "--filter=tree:0", "--prune"]
            store.require_done(store.fetch(target, options, _SPECS, lock), target)
    except TaxiwayError:
        return known
    return _read(store, wanted)


def _read(store: Store, wanted: set[str]) -> dict[str, CommitFacts]:
    if not store.path.exists():
        return {}

    def read(repository: pygit2.Repository) -> dict[str, CommitFacts]:
        return {
            commit: commit_facts(repository, commit) for commit in wanted if commit in repository
        }

    try:
        return reading(store.path, read)
    except DamagedStore:
        store.set_aside_if(store.identity())
        return {}
