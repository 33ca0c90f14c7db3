"""What was measured, part by part, kept beside the table, so that one part can be measured anew."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.measure import Row


@dataclass(frozen=True)
class Result:
    """One part. `others` is the share of the processors that went to what was not measured, as
    far as is known; `failed` tells why rows are missing."""

    rows: list[Row] = field(default_factory=list)
    measured_on: str = ""
    machine: str = ""
    taken: float = 0.0
    others: float | None = None
    failed: str = ""


def load(path: Path) -> dict[str, Result]:
    """By part; nothing where there is no such file."""
    if not path.exists():
        return {}
    found = json.loads(path.read_text("utf-8"))
    return {
        name: Result(**{**facts, "rows": [Row(**row) for row in facts["rows"]]})
        for name, facts in found.items()
    }


def merged(before: Mapping[str, Result], name: str, new: Result) -> dict[str, Result]:
    """One that found nothing at all leaves what was found before, and says so."""
    old = before.get(name)
    if new.failed and not new.rows and old is not None:
        new = Result(**{**vars(old), "failed": f"last tried on {new.measured_on}: {new.failed}"})
    return {**before, name: new}


def save(path: Path, results: Mapping[str, Result], order: Iterable[str]) -> None:
    kept = {name: asdict(results[name]) for name in order if name in results}
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", "utf-8")
