"""Which commit a deploy takes, and what its files are made of: from the order to fetched objects."""

from __future__ import annotations

from dataclasses import dataclass

from taxiway.errors import Invalid, Unavailable
from taxiway.git.composition import Composition, compose
from taxiway.git.files import Files
from taxiway.git.mirror import Mirror
from taxiway.git.policy import GitPolicy
from taxiway.git.refs import Resolved
from taxiway.git.url import RepositoryUrl
from taxiway.storage.cache import Cache
from taxiway.workflow.models import Workflow


@dataclass(frozen=True)
class Wanted:
    """What an order says of the commit. `pinned`: the one that the workflow names; `head`: one
    that is known to be at the branch's head; `ref`: what was asked for this once."""

    pinned: str | None = None
    head: str | None = None
    ref: str | None = None
    allow_unreachable: bool = False


@dataclass(frozen=True)
class Taken:
    """A fetched commit, the full ref that led to it, and all that its files are made of."""

    commit: str
    ref: str | None
    made: Composition


def take(workflow: Workflow, wanted: Wanted, cache: Cache, policy: GitPolicy) -> Taken | None:
    """None for a workflow without a repository. What of the parts is wrong is among the faults of
    what is taken."""
    if workflow.git_repository is None:
        return None
    mirror = Mirror(cache, RepositoryUrl.parse(workflow.git_repository), policy)
    found = _resolve(mirror, workflow.git_branch, wanted)
    mirror.fetch(found.commit, workflow.git_subdirectory)
    made = compose(Files(mirror, found.commit, workflow.git_subdirectory))
    return Taken(found.commit, found.ref, made)


def _resolve(mirror: Mirror, branch: str, wanted: Wanted) -> Resolved:
    if wanted.ref is not None:
        found = mirror.resolve_ref(wanted.ref, prefer=None)
        return found if found.ref else _reachable(mirror, found.commit, branch, wanted)
    if wanted.head is not None:
        return Resolved(wanted.head, f"refs/heads/{branch.removeprefix('refs/heads/')}")
    if wanted.pinned is not None:
        return _reachable(mirror, wanted.pinned, branch, wanted)
    return mirror.resolve_name(branch)


def _reachable(mirror: Mirror, commit: str, branch: str, wanted: Wanted) -> Resolved:
    """A commit that was given has to be on the workflow's branch, or it came from nowhere."""
    try:
        return Resolved(commit, mirror.require_reachable(commit, branch))
    except Unavailable:
        raise
    except Invalid as error:
        if error.code != "commit-not-on-branch" or not wanted.allow_unreachable:
            raise
    return Resolved(commit)
