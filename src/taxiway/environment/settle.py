"""One lock for what is declared: the one that is known while nothing has changed, else a new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from taxiway.environment.declared import Declared
from taxiway.environment.lock import Lock, keep, load, lock_key, resolve
from taxiway.environment.policy import PackagePolicy
from taxiway.environment.provide import provide
from taxiway.environment.python import Interpreter
from taxiway.errors import TaxiwayError, Unavailable
from taxiway.storage.cache import Cache
from taxiway.storage.store import Storage

_KNOWN = "Nothing that asks for packages has changed: they stay as they were locked."
_ELSEWHERE = "{} could not be reached: the packages are those that another deploy had locked."
_NARROW = (
    "No lock for all platforms was found: workers have to be {}, as the server is, to run this."
)


class Memory(Protocol):
    """Which locks earlier deploys came to."""

    def lock_of(self, asked: str) -> str | None:
        """The newest lock that this workflow had for an input."""

    def lock_elsewhere(self, asked: str) -> str | None:
        """The same, of any workflow."""

    def latest(self) -> Sequence[str]:
        """The locks of the workflow's newest releases, the newest first."""

    def keep(self, asked: str, lock: str) -> None: ...


@dataclass(frozen=True)
class Settled:
    """A lock that the storage holds; `is_new` when it was resolved for this deploy."""

    lock: Lock
    interpreter: Interpreter
    notes: tuple[str, ...] = ()
    is_new: bool = False


def settle(
    asked: Declared,
    *,
    memory: Memory,
    upgrade: bool,
    policy: PackagePolicy,
    cache: Cache,
    storage: Storage,
) -> Settled:
    """`Invalid` and `Unavailable` as `lock.resolve` and `provide` say."""
    interpreter = provide(asked.python, policy, cache)
    if asked.locked is not None:
        lock = keep(asked.locked.lock(interpreter, policy, cache), storage)
        return Settled(lock, interpreter)
    known = None if upgrade else _find(memory.lock_of(asked.input), storage)
    if known is not None:
        notes = (_KNOWN,) if known.packages else ()
        return Settled(known, interpreter, notes)
    try:
        lock = resolve(
            asked.requirements,
            interpreter=interpreter,
            policy=policy,
            cache=cache,
            storage=storage,
            preferred=None if upgrade else _preferred(asked, memory, storage),
        )
    except Unavailable as error:
        known = None if upgrade else _find(memory.lock_elsewhere(asked.input), storage)
        if known is None:
            raise
        place = str(error.context.get("address", "The package index"))
        return Settled(known, interpreter, (_ELSEWHERE.format(place),))
    memory.keep(asked.input, lock.key)
    notes = (_NARROW.format(lock.platform),) if lock.platform else ()
    return Settled(lock, interpreter, notes, is_new=True)


def _find(key: str | None, storage: Storage) -> Lock | None:
    """The lock, where the storage still has it whole."""
    if key is None or not storage.exists(lock_key(key)):
        return None
    try:
        return load(key, storage)
    except TaxiwayError:
        return None


def _preferred(asked: Declared, memory: Memory, storage: Storage) -> Lock | None:
    """What the newest release with this Python had: only what was changed is resolved anew."""
    found = (_find(key, storage) for key in memory.latest())
    return next((one for one in found if one and one.python == asked.python), None)
