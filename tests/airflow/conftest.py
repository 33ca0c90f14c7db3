"""Airflow itself, imported once in a home of its own; a storage; and a bundle that reads it."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from taxiway.storage.bundles import Entry, read_bundle, read_shard, shard_of, write_generation
from taxiway.storage.store import Storage

_HOME = tempfile.TemporaryDirectory(prefix="taxiway-airflow-")
os.environ["AIRFLOW_HOME"] = _HOME.name

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # Airflow's own, while it is being imported
    import airflow.dag_processing.dagbag
    import airflow.sdk.execution_time.task_runner  # noqa: F401

    from taxiway.airflow.bundle import TaxiwayBundle

Publish = Callable[..., int]
OpenBundle = Callable[..., TaxiwayBundle]


@pytest.fixture
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Storage:
    folder = tmp_path / "storage"
    monkeypatch.setenv("TAXIWAY_HOME", str(tmp_path))
    monkeypatch.setenv("TAXIWAY_STORAGE", f"file://{folder}")
    monkeypatch.setenv("TAXIWAY_CACHE", str(tmp_path / "cache"))
    return Storage(f"file://{folder}")


@pytest.fixture
def publish(storage: Storage) -> Publish:
    """Publish a generation on top of the last: dag_id → source, None to remove."""
    generation = 0

    def publish(**dags: str | bytes | None) -> int:
        nonlocal generation
        shards = read_bundle(storage, generation)
        changed: dict[str, dict[str, Entry]] = {}
        for dag_id, source in dags.items():
            shard = shard_of(dag_id)
            if shard not in changed:
                known = read_shard(storage, shards[shard]) if shard in shards else {}
                changed[shard] = dict(known)
            changed[shard].pop(dag_id, None)
            if source is not None:
                data = source.encode() if isinstance(source, str) else source
                digest = storage.put_addressed("dags", data, ".py")
                changed[shard][dag_id] = Entry(dag=digest, release="0" * 64)
        generation += 1
        assert write_generation(storage, generation, changed)
        return generation

    return publish


@pytest.fixture
def bundle_storage_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "bundles"
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH", str(path))
    return path


@pytest.fixture
def open_bundle(storage: Storage, bundle_storage_path: Path) -> OpenBundle:
    """A bundle as Airflow makes one: with a version for a task, without for the Dag processor."""

    def open_bundle(version: int | str | None = None, **kwargs: Any) -> TaxiwayBundle:
        bundle = TaxiwayBundle(
            name="taxiway", version=None if version is None else str(version), **kwargs
        )
        bundle.initialize()
        return bundle

    return open_bundle
