"""What a stack is like now, seen from another process."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from taxiway.embedded import parts, remains, stack
from taxiway.embedded.remains import Identity
from taxiway.embedded.stack import RunningStack


@dataclass(frozen=True)
class PartCondition:
    """One part: `running`, or `down` while the supervisor starts it again."""

    name: str
    state: str
    pid: int | None = None
    seconds: int | None = None
    address: str = ""

    @property
    def pid_text(self) -> str:
        return "" if self.pid is None else str(self.pid)

    @property
    def age_text(self) -> str:
        if self.seconds is None:
            return ""
        minutes, seconds = divmod(self.seconds, 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}:{minutes:02}:{seconds:02}"


@dataclass(frozen=True)
class Condition:
    """A home's stack: whether it runs, is ready, and what is missing."""

    home: Path
    running: bool
    ready: bool = False
    missing: Sequence[str] = ()
    parts: Sequence[PartCondition] = ()
    remains: int = 0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"home": str(self.home)}


def condition_of(home: Path) -> Condition:
    """Look at the record, at the processes, and ask the server."""
    found = stack.recorded(home)
    if found is None:
        return Condition(home, running=False)
    if not found.supervisor.alive:
        left = remains.find(found.parts.values(), found.token)
        return Condition(home, running=False, remains=len(left))
    conditions = _parts(found)
    down = [part.name for part in conditions if part.state != "running"]
    missing = down or list(parts.missing(found.server_url, found.airflow_url))
    return Condition(home, True, not missing, missing, conditions)


def _parts(found: RunningStack) -> list[PartCondition]:
    addresses = {"server": found.server_url, "airflow-api-server": found.airflow_url}
    everything = {"supervisor": found.supervisor} | {
        name: found.parts.get(name) for name in found.names
    }
    return [_part(name, who, addresses.get(name, "")) for name, who in everything.items()]


def _part(name: str, identity: Identity | None, address: str) -> PartCondition:
    if identity is None or not identity.alive:
        return PartCondition(name, "down")
    born = identity.started / os.sysconf("SC_CLK_TCK")
    age = max(0, int(time.clock_gettime(time.CLOCK_BOOTTIME) - born))
    return PartCondition(name, "running", identity.pid, age, address)
