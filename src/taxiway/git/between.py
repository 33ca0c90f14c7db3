"""The commits that lie between two others, from a store without trees."""

from __future__ import annotations

from itertools import islice

import pygit2
from pygit2.enums import SortMode

from taxiway.git.browse import reading
from taxiway.git.commits import CommitFacts, commit_facts
from taxiway.git.mirror import Mirror


def commits_between(
    mirror: Mirror, base: str, head: str, ref: str, limit: int
) -> tuple[list[CommitFacts], list[CommitFacts]]:
    """What `head` has and `base` lacks, and what it lacks and `base` has; newest first.

    Brings the history of `ref` where a commit is not known yet. `KeyError` where one of the two
    is in no history of the mirror.
    """
    if not _knows(mirror, base, head):
        mirror.history_of(ref)
        if not _knows(mirror, base, head):
            raise KeyError(base)

    def read(repository: pygit2.Repository) -> tuple[list[CommitFacts], list[CommitFacts]]:
        return _only(repository, head, base, limit), _only(repository, base, head, limit)

    return reading(mirror.history, read)


def count_between(mirror: Mirror, base: str, head: str, ref: str, *, bring: bool) -> int | None:
    """How many commits `head` has that `base` lacks; None where that is not known here.

    `bring` fetches the history of `ref` where a commit is not known yet.
    """
    if bring and not _knows(mirror, base, head):
        mirror.history_of(ref)
    if not _knows(mirror, base, head):
        return None
    return reading(mirror.history, lambda repository: repository.ahead_behind(head, base)[0])


def _knows(mirror: Mirror, *commits: str) -> bool:
    if not mirror.history.exists():
        return False
    return reading(
        mirror.history, lambda repository: all(commit in repository for commit in commits)
    )


def _only(repository: pygit2.Repository, has: str, lacks: str, limit: int) -> list[CommitFacts]:
    walker = repository.walk(has, SortMode.TOPOLOGICAL | SortMode.TIME)
    walker.hide(lacks)
    return [commit_facts(repository, str(commit.id)) for commit in islice(walker, limit)]
