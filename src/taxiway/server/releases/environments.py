"""The environments of a release: settled for its tasks, and made on this host."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from taxiway.environment.build import use_environment
from taxiway.environment.bytecode import make_bytecode
from taxiway.environment.declared import Declared
from taxiway.environment.policy import PackagePolicy
from taxiway.environment.settle import Memory, settle
from taxiway.git.snapshot import use_snapshot
from taxiway.release.model import Environment, Release
from taxiway.storage.cache import Cache
from taxiway.storage.store import Storage


@dataclass(frozen=True)
class Environments:
    """`main` is that of most tasks, `others` of those that have another one; `records` say beside
    the release what each was made from."""

    main: Environment
    others: dict[str, Environment] = field(default_factory=dict)
    records: list[dict[str, Any]] = field(default_factory=list)
    notes: tuple[str, ...] = ()


def settle_all(
    needed: Sequence[Declared],
    *,
    memory: Memory,
    upgrade: bool,
    policy: PackagePolicy,
    cache: Cache,
    storage: Storage,
) -> Environments:
    """A lock for each; errors as `settle` raises them."""
    found: list[tuple[Declared, Environment]] = []
    records: list[dict[str, Any]] = []
    notes: list[str] = []
    for one in needed:
        settled = settle(
            one, memory=memory, upgrade=upgrade, policy=policy, cache=cache, storage=storage
        )
        lock = settled.lock
        found.append((one, Environment(lock.key, lock.python)))
        facts = {"lock": lock.key, "packages": len(lock.packages), "resolved": settled.is_new}
        records.append({**one.record(), **facts, "python_full": settled.interpreter.full})
        notes += settled.notes
    main = found[0][1]
    others = {
        task: environment
        for one, environment in found[1:]
        for task in one.tasks
        if environment != main
    }
    return Environments(main, others, records, tuple(dict.fromkeys(notes)))


def warm(release: Release, *, policy: PackagePolicy, cache: Cache, storage: Storage) -> None:
    """Make snapshot and environments on this host: on one machine the first run is warm then."""

    def environment(one: Environment) -> None:
        with use_environment(
            one.lock, python=one.python, storage=storage, cache=cache, policy=policy
        ):
            make_bytecode(cache, "environments", one.lock, one.python, policy)

    def snapshot(tree: str) -> None:
        with use_snapshot(tree, storage, cache):
            for python in sorted({one.python for one in wanted}):
                make_bytecode(cache, "snapshots", tree, python, policy)

    wanted = {Environment(release.lock, release.python), *release.environments.values()}
    with ThreadPoolExecutor(2) as pool:
        pending = [pool.submit(environment, one) for one in wanted]
        if release.tree:
            pending.append(pool.submit(snapshot, release.tree))
        for one in pending:
            one.result()
