"""The sealed release: what every task of every run of it executes.

Its canonical JSON is stored under `releases/<digest>.json`; the digest of those bytes is its
identity. Nothing in it depends on when or where it was made: equal input seals to equal bytes.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from taxiway.workflow.models import Workflow

FORMAT = 1


@dataclass(frozen=True)
class Release:
    """`commit` and `tree` are full object ids, `None` for an inline-only workflow without a
    repository. `lock` is the key of the environment; `python` its version as `3.11`."""

    workflow_id: str
    workflow: Workflow
    commit: str | None
    tree: str | None
    lock: str
    python: str

    def as_dict(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "workflow_id": self.workflow_id,
            "workflow": self.workflow.as_dict(),
            "commit": self.commit,
            "tree": self.tree,
            "lock": self.lock,
            "python": self.python,
        }

    def to_bytes(self) -> bytes:
        """Canonical JSON: ASCII, sorted keys, no NaN; a digit-for-digit equal file each time."""
        return json.dumps(
            self.as_dict(), sort_keys=True, separators=(",", ":"), allow_nan=False
        ).encode("ascii")

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.to_bytes()).hexdigest()

    @classmethod
    def from_bytes(cls, data: bytes) -> Release:
        raw = json.loads(data)
        return cls(
            workflow_id=raw["workflow_id"],
            workflow=Workflow.from_dict(raw["workflow"]),
            commit=raw["commit"],
            tree=raw["tree"],
            lock=raw["lock"],
            python=raw["python"],
        )
