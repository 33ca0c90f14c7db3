"""The work of a deploy before anything is published: no database here, and no Airflow.

Every step is idempotent and keyed by content, so a deploy that was killed is simply done again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from taxiway.environment.declared import Declared
from taxiway.environment.policy import PackagePolicy
from taxiway.environment.settle import Memory
from taxiway.functions.model import Function
from taxiway.git.export import export
from taxiway.git.policy import GitPolicy
from taxiway.release.model import Release
from taxiway.release.packages import read_packages
from taxiway.release.render import TEMPLATE
from taxiway.server.releases.checking import Checked, check_sources, require_sound
from taxiway.server.releases.environments import settle_all, warm
from taxiway.server.releases.facts import Facts, facts_of
from taxiway.server.releases.memory import NoMemory
from taxiway.server.releases.sources import NO_SOURCES, Sources, sources_of
from taxiway.server.releases.taking import Taken, Wanted, take
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
    head: str | None = None  # the commit that a look has just seen at the branch
    since: str | None = None  # the commit of the release before
    upgrade: bool = False  # take the newest packages that the requirements allow
    ref: str | None = None  # what was asked for this once, in place of the branch
    allow_unreachable: bool = False


@dataclass(frozen=True)
class Prepared:
    """A sealed release with all that its tasks need, and what a person should know of it.

    `functions` are what its tasks call, by task; `environments` what their packages were
    declared by.
    """

    release: Release
    notes: tuple[str, ...]
    functions: dict[str, Function] = field(default_factory=dict)
    environments: list[dict[str, Any]] = field(default_factory=list)
    facts: Facts | None = None
    ref: str | None = None  # the full name of the branch or tag that led to the commit


def prepare(order: Order, shop: Workshop, memory: Memory | None = None) -> Prepared:
    """Seal `order`: afterwards the storage and this host's cache hold all that its tasks need.

    `memory` tells which locks earlier deploys came to; without one all is resolved anew.
    """
    taken = take_commit(order, shop)
    sources = sources_of(taken.made) if taken else NO_SOURCES
    needed, checked = _check(order.workflow, sources, shop)
    notes = list(checked.notes)
    packages = settle_all(
        needed,
        memory=memory or NoMemory(),
        upgrade=order.upgrade,
        policy=shop.packages,
        cache=shop.cache,
        storage=shop.storage,
    )
    notes += packages.notes
    tree = export(taken.made, shop.storage) if taken else None
    release = Release(
        workflow_id=order.workflow_id,
        workflow=order.workflow,
        commit=taken.commit if taken else None,
        tree=tree,
        lock=packages.main.lock,
        python=packages.main.python,
        environments=packages.others,
        dag=TEMPLATE,
    )
    shop.storage.put(f"releases/{release.digest}.json", release.to_bytes())
    warm(release, policy=shop.packages, cache=shop.cache, storage=shop.storage)
    facts = facts_of(taken.made.files, order.since) if taken else None
    ref = taken.ref if taken else None
    return Prepared(release, tuple(notes), checked.functions, packages.records, facts, ref)


def _check(
    workflow: Workflow, sources: Sources, shop: Workshop
) -> tuple[tuple[Declared, ...], Checked]:
    """What tasks ask for, and what else is known of it; `Invalid` with all that is wrong."""
    packages = read_packages(workflow, sources.read, shop.packages, shop.cache)
    checked = check_sources(
        workflow, sources, cache=shop.cache, limits=shop.git.limits, packages=packages
    )
    return require_sound(workflow.name, checked, packages), checked


def take_commit(order: Order, shop: Workshop) -> Taken | None:
    """The commit that a deploy takes now; None for a workflow without a repository."""
    wanted = Wanted(order.pinned, order.head, order.ref, order.allow_unreachable)
    return take(order.workflow, wanted, shop.cache, shop.git)
