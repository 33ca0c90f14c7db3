"""What went into a task run and what came out: told by digests, so that runs can be compared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from taxiway.runner.inside.outbox import TAG

FORMAT = 1
FOLDER = "records"  # of the storage


@dataclass(frozen=True)
class Came:
    """What came out of a task: its value as JSON, what is told of it, and the files it left."""

    value: Any = None
    summary: dict[str, Any] = field(default_factory=dict)
    artifacts: tuple[dict[str, Any], ...] = ()
    ended_well: bool = False


def digest_of(encoded: Any) -> str:
    """Of a value as it is encoded. What is only told of it (summaries) does not count."""
    return hashlib.sha256(_canonical(_bare(encoded))).hexdigest()


def note_of(task: str, path: str, value: Any) -> dict[str, Any]:
    """One input, as a record holds it."""
    return {"task": task, "path": path, "digest": digest_of(value), "value": value}


def make_record(
    facts: Mapping[str, Any], params: Mapping[str, Any], inputs: Mapping[str, Any], came: Came
) -> dict[str, Any]:
    """`facts` say which task run it was; `params` are those after all overrides, `inputs` by
    parameter the task, the path in its value, the value and its digest."""
    return {
        "format": FORMAT,
        **facts,
        "state": "success" if came.ended_well else "failed",
        "params": dict(params),
        "inputs": {name: dict(one) for name, one in inputs.items()},
        "value": came.value,
        "summary": came.summary,
        "artifacts": list(came.artifacts),
        "digests": {
            "inputs": digest_of({k: [v["path"], v["digest"]] for k, v in inputs.items()}),
            "params": digest_of(dict(params)),
            **({"value": digest_of(came.value)} if came.ended_well else {}),
        },
    }


def to_bytes(record: Mapping[str, Any]) -> bytes:
    return _canonical(record)


def _bare(encoded: Any) -> Any:
    if isinstance(encoded, list):
        return [_bare(item) for item in encoded]
    if not isinstance(encoded, dict):
        return encoded
    if encoded.get(TAG) == "value":
        kept = ("digest", "format", "type", "name", "series", "of", "freq", "scalar")
        return {key: encoded[key] for key in (TAG, *kept) if key in encoded}
    return {key: _bare(item) for key, item in encoded.items()}


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")
