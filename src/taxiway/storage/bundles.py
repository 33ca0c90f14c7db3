"""What Airflow shall run, generation by generation.

A generation is a map of every deployed workflow to its DAG and release, in 256 shards so that a
deploy writes what changed. `bundles/<generation>.json` names the shards by digest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from taxiway.errors import NotFound
from taxiway.storage.store import Storage


@dataclass(frozen=True)
class Entry:
    """One workflow in a generation: the digests of its DAG file and its release, and the number
    by which people know the release."""

    dag: str
    release: str
    number: int | None = None

    def as_dict(self) -> dict[str, str | int]:
        return {key: value for key, value in vars(self).items() if value is not None}


def shard_of(dag_id: str) -> str:
    """The shard of a workflow, `00` to `ff`; a DAG file lies at `<shard>/<dag_id>.py` always."""
    return hashlib.sha256(dag_id.encode()).hexdigest()[:2]


def bundle_key(generation: int) -> str:
    return f"bundles/{generation:012d}.json"


def current_generation(storage: Storage, at_least: int = 0) -> int:
    """The highest generation in the storage, 0 when there is none.

    With `at_least`, a generation known to exist, it looks only for the ones after it.
    """
    if at_least == 0:
        names = [name for name in storage.names("bundles") if name.endswith(".json")]
        return max((int(name.removesuffix(".json")) for name in names), default=0)
    generation = at_least
    while storage.exists(bundle_key(generation + 1)):
        generation += 1
    return generation


def read_bundle(storage: Storage, generation: int) -> dict[str, str]:
    """shard → digest. Generation 0 is empty."""
    if generation == 0:
        return {}
    try:
        raw = json.loads(storage.get(bundle_key(generation)))
    except NotFound as error:
        raise NotFound(
            "generation-not-found",
            f"The storage has no generation {generation}",
            hint="Was the storage replaced, or pruned by hand? Deploy again to publish a new one.",
        ) from error
    return dict(raw["shards"])


def read_shard(storage: Storage, digest: str) -> dict[str, Entry]:
    """dag_id → entry."""
    raw = json.loads(storage.get(f"shards/{digest}.json"))
    return {dag_id: Entry(**entry) for dag_id, entry in raw["dags"].items()}


def write_generation(
    storage: Storage, generation: int, changed: Mapping[str, Mapping[str, Entry]]
) -> bool:
    """Publish `generation` on top of the one before it; `changed` holds whole shards.

    False when that generation was published before: what is there stays. The caller publishes in
    order, without gaps.
    """
    shards = read_bundle(storage, generation - 1)
    for shard, dags in changed.items():
        if not dags:
            shards.pop(shard, None)
            continue
        body = {name: entry.as_dict() for name, entry in dags.items()}
        shards[shard] = storage.put_addressed("shards", _json({"dags": body}), ".json")
    return storage.put(bundle_key(generation), _json({"generation": generation, "shards": shards}))


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
