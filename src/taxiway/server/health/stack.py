"""What the stack consists of: versions, and how much storage and caches hold."""

from __future__ import annotations

import platform
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import BaseModel, Field

from taxiway import __version__
from taxiway.errors import TaxiwayError, Unavailable
from taxiway.git import call as git_call
from taxiway.server.database import now
from taxiway.server.database.migrate import head_revision
from taxiway.server.orchestrator.port import Orchestrator
from taxiway.storage import eviction
from taxiway.storage.cache import Cache
from taxiway.storage.store import Storage

GOOD = timedelta(minutes=1)
FOLDERS = ("releases", "dags", "snapshots", "layers", "locks", "values", "bundles", "shards")


class Holding(BaseModel):
    """What one folder holds."""

    name: str = Field(description="The folder of the storage, or the kind of the cache.")
    entries: int = Field(description="How many entries.")
    bytes: int = Field(description="How many bytes they have.")


class Versions(BaseModel):
    """What runs here; null: it cannot be told now."""

    taxiway: str = Field(description="Of this server.")
    python: str = Field(description="Of this server.")
    airflow: str | None = Field(description="Of the Airflow that it speaks to.")
    git: str | None = Field(description="Of the git that it calls.")
    database: str = Field(description="`sqlite` or `postgresql`.")
    database_schema: str | None = Field(description="The schema that this version writes.")
    platform: str = Field(description="The system below.")


class Stack(BaseModel):
    """The parts that keep something, and the versions of all."""

    versions: Versions = Field(description="What runs here.")
    airflow_url: str = Field(description="Where Airflow's API answers.")
    storage_url: str = Field(description="Where the storage is.")
    storage: list[Holding] = Field(description="The storage by folder.")
    storage_problem: str | None = Field(description="Why it could not be measured.")
    cache: str = Field(description="The folder of this host's cache.")
    caches: list[Holding] = Field(description="This host's cache by kind.")
    cache_max_size: str = Field(description="What the cache may hold; `0`: anything.")
    measured_at: datetime = Field(description="When the sizes were measured.")


@dataclass(frozen=True)
class Sizes:
    storage: list[Holding]
    problem: str | None
    caches: list[Holding]
    measured_at: datetime


@dataclass
class Scales:
    """Measures what storage and cache hold; what was measured is good for a minute, because a
    large storage takes long to list."""

    storage: Storage
    cache: Cache
    clock: Callable[[], datetime] = now
    _last: Sizes | None = None
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def sizes(self) -> Sizes:
        with self._turn:
            if self._last is None or self.clock() - self._last.measured_at > GOOD:
                storage, problem = self._storage()
                self._last = Sizes(storage, problem, self._caches(), self.clock())
            return self._last

    def _storage(self) -> tuple[list[Holding], str | None]:
        found = []
        try:
            for name in FOLDERS:
                found.append(_held(name, (one.bytes for one in self.storage.objects(name))))
        except TaxiwayError as error:
            return found, error.message
        return found, None

    def _caches(self) -> list[Holding]:
        return [
            _held(kind, (entry.bytes for entry in eviction.entries(self.cache, (kind,))))
            for kind in eviction.SHOWN
        ]


def versions(orchestrator: Orchestrator, dialect: str) -> Versions:
    return Versions(
        taxiway=__version__,
        python=platform.python_version(),
        airflow=_or_none(orchestrator.version),
        git=_or_none(_git),
        database=dialect,
        database_schema=head_revision(),
        platform=platform.platform(terse=True),
    )


def _git() -> str:
    done = git_call.run(["--version"], timeout=10)
    return done.stdout.decode("utf-8", "replace").strip().removeprefix("git version ")


def _or_none(ask: Callable[[], str]) -> str | None:
    try:
        return ask()
    except Unavailable:
        return None


def _held(name: str, sizes: Iterable[int]) -> Holding:
    all_sizes = list(sizes)
    return Holding(name=name, entries=len(all_sizes), bytes=sum(all_sizes))
