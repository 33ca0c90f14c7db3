"""What a worker is told by its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from taxiway.environment.policy import PackagePolicy
from taxiway.errors import Invalid
from taxiway.runner.inside.codec import MAX_DEPTH
from taxiway.storage.eviction import Bounds, bounds_of, parse_size

_DEEPEST = 150  # levels: each takes frames of the interpreter's own stack


@dataclass(frozen=True)
class WorkerSettings:
    """`storage` is a URL. `run_as_user` is a name, a uid or "root", and matters to root alone."""

    storage: str
    cache: Path
    packages: PackagePolicy
    task_env_pass: tuple[str, ...] = ()
    run_as_user: str = "nobody"
    bounds: Bounds = field(default_factory=Bounds)
    value_max_size: int = 10 * 10**9
    value_max_depth: int = MAX_DEPTH
    warm: bool = False  # for tasks that do not say it themselves
    warm_idle: float = 600.0

    @property
    def value_limits(self) -> dict[str, int]:
        """As a task's own interpreter takes them."""
        return {"max_size": self.value_max_size, "max_depth": self.value_max_depth}

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> WorkerSettings:
        """`TAXIWAY_STORAGE`, `_CACHE` (both below `_HOME` by default), `_TASK_ENV_PASS`,
        `_RUN_AS_USER`, `_WARM`, `_WARM_IDLE`, and those of `PackagePolicy`."""
        default = Path(env["HOME"]) / ".taxiway" if env.get("HOME") else Path("~/.taxiway")
        home = Path(env.get("TAXIWAY_HOME") or default).expanduser().absolute()
        names = (name.strip() for name in env.get("TAXIWAY_TASK_ENV_PASS", "").split(","))
        return cls(
            storage=env.get("TAXIWAY_STORAGE") or f"file://{home / 'storage'}",
            cache=Path(env.get("TAXIWAY_CACHE") or home / "cache").expanduser().absolute(),
            packages=PackagePolicy.from_env(env),
            task_env_pass=tuple(name for name in names if name),
            run_as_user=env.get("TAXIWAY_RUN_AS_USER") or "nobody",
            value_max_size=_size(env.get("TAXIWAY_VALUE_MAX_SIZE") or "10GB"),
            value_max_depth=_depth(env.get("TAXIWAY_VALUE_MAX_DEPTH") or str(MAX_DEPTH)),
            warm=_switch(env.get("TAXIWAY_WARM") or "false"),
            warm_idle=_seconds(env.get("TAXIWAY_WARM_IDLE") or "600"),
            bounds=bounds_of(
                env.get("TAXIWAY_CACHE_MAX_SIZE", ""), env.get("TAXIWAY_CACHE_MAX_AGE", "")
            ),
        )


def _size(text: str) -> int:
    try:
        return parse_size(text) or 0
    except ValueError:
        raise _refused("TAXIWAY_VALUE_MAX_SIZE", text, "like 10GB; 0 is no limit") from None


def _depth(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _DEEPEST:
        raise _refused("TAXIWAY_VALUE_MAX_DEPTH", text, f"a number from 1 to {_DEEPEST}")
    return int(text)


def _switch(text: str) -> bool:
    if text not in ("true", "false"):
        raise _refused("TAXIWAY_WARM", text, "true or false")
    return text == "true"


def _seconds(text: str) -> float:
    if not text.isdecimal() or int(text) == 0:
        raise _refused("TAXIWAY_WARM_IDLE", text, "a number of seconds, 1 or more")
    return float(text)


def _refused(name: str, text: str, wanted: str) -> Invalid:
    return Invalid("setting-refused", f"{name} is {text!r}", hint=f"It is {wanted}.")
