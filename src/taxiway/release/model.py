"""The sealed release: what every task of every run of it executes.

Its canonical JSON is stored under `releases/<digest>.json`; the digest of those bytes is its
identity. Nothing in it depends on when or where it was made: equal input seals to equal bytes.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from taxiway.workflow.models import Workflow

FORMAT = 2


@dataclass(frozen=True)
class Environment:
    """What a task's interpreter is made from: the key of a lock, and the Python as `3.11`."""

    lock: str
    python: str


@dataclass(frozen=True)
class Release:
    """`tree` is the address of its files, `None` for a workflow without a repository; `lock` and
    `python` are its environment, and `environments` names the tasks that have another one. `dag`
    is the digest of the template that its DAG file is rendered from.

    `commit` stands beside what is sealed: where two commits have the same files, the same runs.
    Releases of format 1 had sealed it.
    """

    workflow_id: str
    workflow: Workflow
    commit: str | None = field(compare=False)
    tree: str | None
    lock: str
    python: str
    environments: dict[str, Environment] = field(default_factory=dict)
    dag: str = ""
    format: int = FORMAT

    def environment_of(self, task: str) -> Environment:
        return self.environments.get(task, Environment(self.lock, self.python))

    @property
    def locks(self) -> tuple[str, ...]:
        """The keys of all locks that its tasks need, the main one first."""
        others = sorted({one.lock for one in self.environments.values()} - {self.lock})
        return (self.lock, *others)

    def as_dict(self) -> dict[str, Any]:
        sealed: dict[str, Any] = {
            "format": self.format,
            "workflow_id": self.workflow_id,
            "workflow": self.workflow.as_dict(),
            "tree": self.tree,
            "lock": self.lock,
            "python": self.python,
        }
        if self.format == 1:
            return sealed | {"commit": self.commit}
        if self.environments:
            sealed["environments"] = {name: vars(one) for name, one in self.environments.items()}
        return sealed | {"dag": self.dag}

    def to_bytes(self) -> bytes:
        """Canonical JSON: ASCII, sorted keys, no NaN; a digit-for-digit equal file each time."""
        return json.dumps(
            self.as_dict(), sort_keys=True, separators=(",", ":"), allow_nan=False
        ).encode("ascii")

    @cached_property
    def digest(self) -> str:
        """Of what is sealed; where it was read from, of the very bytes."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    def line(self, number: int | None) -> str:
        """The one line of logs and run pages: what exactly runs."""
        return release_line(number, self.digest, self.commit, self.lock, self.python)

    @classmethod
    def from_bytes(cls, data: bytes, *, commit: str | None = None) -> Release:
        """What was sealed, with the commit that stands beside it."""
        raw = json.loads(data)
        others = raw.get("environments", {})
        found = cls(
            workflow_id=raw["workflow_id"],
            workflow=Workflow.from_dict(raw["workflow"]),
            commit=raw["commit"] if raw["format"] == 1 else commit,
            tree=raw["tree"],
            lock=raw["lock"],
            python=raw["python"],
            environments={name: Environment(**one) for name, one in others.items()},
            dag=raw.get("dag", ""),
            format=raw["format"],
        )
        vars(found)["digest"] = hashlib.sha256(data).hexdigest()
        return found


def release_line(
    number: int | None, digest: str, commit: str | None, lock: str, python: str
) -> str:
    name = f"Release {number}" if number else "Release"
    return (
        f"{name}, digest {digest}, {f'commit {commit}' if commit else 'no repository'}, "
        f"lock {lock}, Python {python}"
    )
