"""DAG files as the storage holds them, by digest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from taxiway.errors import Invalid
from taxiway.storage.store import Storage
from taxiway.workflow.names import fits_airflow

_PARALLEL = 16  # requests at a time: an object storage answers in tens of milliseconds


def file_name(dag_id: str) -> str:
    """The name of a workflow's file. Refuses one that would leave its folder."""
    if not fits_airflow(dag_id):
        raise Invalid("bad-dag-id", f"The storage names a workflow {dag_id!r}, which none can be")
    return f"{dag_id}.py"


def fetch(storage: Storage, digests: Iterable[str]) -> dict[str, bytes]:
    """digest → file, each checked against its digest."""
    wanted = sorted(set(digests))
    if len(wanted) < 2:
        return {digest: _get(storage, digest) for digest in wanted}
    with ThreadPoolExecutor(_PARALLEL) as pool:
        return dict(zip(wanted, pool.map(lambda d: _get(storage, d), wanted), strict=True))


def _get(storage: Storage, digest: str) -> bytes:
    source = storage.get(f"dags/{digest}.py")
    if hashlib.sha256(source).hexdigest() != digest:
        raise Invalid(
            "damaged-object",
            f"The storage's object dags/{digest}.py is not what its name says",
            hint="Restore it, or deploy the workflow again after removing it.",
        )
    return source
