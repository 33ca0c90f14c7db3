"""Snapshot and environment of a task, ready to be used: looked at, or made side by side."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from taxiway.environment import build
from taxiway.environment.bytecode import has_bytecode, make_bytecode
from taxiway.environment.policy import PackagePolicy
from taxiway.git.snapshot import use_snapshot
from taxiway.release.model import Environment, Release
from taxiway.runner.own import compile_own, was_compiled
from taxiway.storage.cache import Cache
from taxiway.storage.eviction import Bounds, tidy
from taxiway.storage.store import Storage

SNAPSHOTS = "snapshots"
T = TypeVar("T")


@dataclass
class Ready:
    """`was_cold` tells that something had to be made."""

    environment: build.Environment
    snapshot: Path | None
    was_cold: bool
    stack: ExitStack  # closed before what is ready is let go


class Place:
    """What this host makes ready, and keeps small."""

    def __init__(
        self, storage: Storage, cache: Cache, policy: PackagePolicy, bounds: Bounds
    ) -> None:
        self._storage = storage
        self._cache = cache
        self._policy = policy
        self._bounds = bounds

    @contextmanager
    def ready(
        self, release: Release, needed: Environment, timings: dict[str, float]
    ) -> Iterator[Ready]:
        """Both are held while the block runs. `timings` gets `environment` and `snapshot`, also
        where one of them fails."""
        was_cold = not self._is_warm(release, needed)
        with ExitStack() as stack:
            snapshot = None
            if release.tree is None:
                timings["snapshot"] = 0.0
                environment = self._enter(stack, "environment", timings, self._environment(needed))
            elif not was_cold:
                environment = self._enter(stack, "environment", timings, self._environment(needed))
                snapshot = self._enter(stack, "snapshot", timings, self._snapshot(release.tree))
            else:
                environment, snapshot = self._side_by_side(stack, release.tree, needed, timings)
            yield Ready(environment, snapshot, was_cold, stack.enter_context(ExitStack()))

    @contextmanager
    def aftermath(self, release: Release, needed: Environment, ready: Ready) -> Iterator[None]:
        """Beside the block: what the next tasks will be glad of, and this one does not wait for."""
        wanted = [("environments", needed.lock)]
        wanted += [(SNAPSHOTS, release.tree)] if release.tree else []
        missing = [
            one for one in wanted if not has_bytecode(self._cache, *one, python=needed.python)
        ]
        is_new = not was_compiled(self._cache, needed.python)
        if not (missing or ready.was_cold or is_new):
            yield
            return

        def work() -> None:
            if is_new:
                compile_own(self._cache, needed.python, self._policy)
            for kind, key in missing:
                make_bytecode(self._cache, kind, key, needed.python, self._policy, background=True)
            if ready.was_cold:
                tidy(self._cache, self._bounds)

        thread = threading.Thread(target=work, name="taxiway-aftermath", daemon=True)
        thread.start()
        try:
            yield
        finally:
            thread.join()

    def _is_warm(self, release: Release, needed: Environment) -> bool:
        there = self._cache.path(build.KIND, needed.lock).exists()
        return there and (
            release.tree is None or self._cache.path(SNAPSHOTS, release.tree).exists()
        )

    def _side_by_side(
        self, stack: ExitStack, tree: str, needed: Environment, timings: dict[str, float]
    ) -> tuple[build.Environment, Path]:
        other = stack.enter_context(ExitStack())
        with ThreadPoolExecutor(1, thread_name_prefix="taxiway-snapshot") as pool:
            pending = pool.submit(self._enter, other, "snapshot", timings, self._snapshot(tree))
            environment = self._enter(stack, "environment", timings, self._environment(needed))
        return environment, pending.result()

    def _environment(self, needed: Environment) -> AbstractContextManager[build.Environment]:
        return build.use_environment(
            needed.lock,
            python=needed.python,
            storage=self._storage,
            cache=self._cache,
            policy=self._policy,
        )

    def _snapshot(self, tree: str) -> AbstractContextManager[Path]:
        return use_snapshot(tree, self._storage, self._cache)

    @staticmethod
    def _enter(
        stack: ExitStack,
        name: str,
        timings: dict[str, float],
        entered: AbstractContextManager[T],
    ) -> T:
        began = time.monotonic()
        try:
            return stack.enter_context(entered)
        finally:
            timings[name] = time.monotonic() - began
