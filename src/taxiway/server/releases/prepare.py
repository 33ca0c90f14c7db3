"""The work of a deploy before anything is published: no database here, and no Airflow.

Every step is idempotent and keyed by content, so a deploy that was killed is simply done again.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from taxiway.environment import python, requirements
from taxiway.environment.build import use_environment
from taxiway.environment.lock import resolve
from taxiway.environment.policy import PackagePolicy
from taxiway.functions.model import Function
from taxiway.git.export import export_snapshot, submodules_of
from taxiway.git.mirror import Mirror
from taxiway.git.policy import GitPolicy
from taxiway.git.snapshot import use_snapshot
from taxiway.git.url import RepositoryUrl
from taxiway.release.findings import notes_of
from taxiway.release.model import Release
from taxiway.release.render import TEMPLATE
from taxiway.server.releases.checking import Checked, check_sources, read_packages, require_sound
from taxiway.server.releases.sources import NO_SOURCES, Sources, sources_of
from taxiway.storage.cache import Cache
from taxiway.storage.store import Storage
from taxiway.workflow.models import Workflow


@dataclass(frozen=True)
class Workshop:
    """What a deploy works with: the storage, this host's cache and the policies."""

    storage: Storage
    cache: Cache
    git: GitPolicy
    packages: PackagePolicy


@dataclass(frozen=True)
class Order:
    """What is to be sealed: the workflow as it was declared, and the commit if one was given."""

    workflow_id: str
    workflow: Workflow
    pinned: str | None


@dataclass(frozen=True)
class Prepared:
    """A sealed release with all that its tasks need, and what a person should know of it.

    `functions` are what its tasks call, by task.
    """

    release: Release
    notes: tuple[str, ...]
    functions: dict[str, Function] = field(default_factory=dict)


_SUBMODULE = "The submodule {} is an empty folder in the release: submodules are not fetched."


def prepare(order: Order, shop: Workshop) -> Prepared:
    """Seal `order`: afterwards the storage and this host's cache hold all that its tasks need."""
    interpreter = python.current()
    commit, mirror = _take_commit(order, shop)
    sources = sources_of(mirror, commit) if mirror and commit else NO_SOURCES
    needed, checked = _check(order.workflow, sources, shop)
    notes = notes_of(checked.findings)
    locked = resolve(
        needed,
        interpreter=interpreter,
        policy=shop.packages,
        cache=shop.cache,
        storage=shop.storage,
    )
    tree = export_snapshot(mirror, commit, shop.storage) if mirror and commit else None
    if mirror and commit:
        notes += [_SUBMODULE.format(path) for path in submodules_of(mirror, commit)]
    release = Release(
        workflow_id=order.workflow_id,
        workflow=order.workflow,
        commit=commit,
        tree=tree,
        lock=locked.key,
        python=interpreter.version,
        dag=TEMPLATE,
    )
    shop.storage.put(f"releases/{release.digest}.json", release.to_bytes())
    _warm(release, shop)
    return Prepared(release, tuple(notes), checked.functions)


def _check(
    workflow: Workflow, sources: Sources, shop: Workshop
) -> tuple[requirements.Requirements, Checked]:
    """The requirements, and what else is known of it; `Invalid` with all that is wrong."""
    packages = read_packages(workflow, sources, shop.packages)
    checked = check_sources(
        workflow, sources, cache=shop.cache, limits=shop.git.limits, packages=packages
    )
    return require_sound(workflow.name, checked, packages), checked


def _take_commit(order: Order, shop: Workshop) -> tuple[str | None, Mirror | None]:
    workflow = order.workflow
    if workflow.git_repository is None:
        return None, None
    url = RepositoryUrl.parse(workflow.git_repository)
    mirror = Mirror(shop.cache, url, shop.git)
    if order.pinned:
        mirror.require_reachable(order.pinned, workflow.git_branch)
        commit = order.pinned
    else:
        commit = mirror.resolve(workflow.git_branch)
    mirror.fetch(commit)
    return commit, mirror


def _warm(release: Release, shop: Workshop) -> None:
    """Make snapshot and environment on this host: on one machine the first run is warm then."""
    if release.tree:
        with use_snapshot(release.tree, shop.storage, shop.cache):
            pass
    with use_environment(
        release.lock,
        python=release.python,
        storage=shop.storage,
        cache=shop.cache,
        policy=shop.packages,
    ):
        pass
