"""What a worker is told by its environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from taxiway.environment.policy import PackagePolicy
from taxiway.storage.eviction import Bounds, bounds_of


@dataclass(frozen=True)
class WorkerSettings:
    """`storage` is a URL. `run_as_user` is a name, a uid or "root", and matters to root alone."""

    storage: str
    cache: Path
    packages: PackagePolicy
    task_env_pass: tuple[str, ...] = ()
    run_as_user: str = "nobody"
    bounds: Bounds = field(default_factory=Bounds)

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> WorkerSettings:
        """`TAXIWAY_STORAGE`, `_CACHE` (both below `_HOME` by default), `_TASK_ENV_PASS`,
        `_RUN_AS_USER`, and those of `PackagePolicy`."""
        default = Path(env["HOME"]) / ".taxiway" if env.get("HOME") else Path("~/.taxiway")
        home = Path(env.get("TAXIWAY_HOME") or default).expanduser().absolute()
        names = (name.strip() for name in env.get("TAXIWAY_TASK_ENV_PASS", "").split(","))
        return cls(
            storage=env.get("TAXIWAY_STORAGE") or f"file://{home / 'storage'}",
            cache=Path(env.get("TAXIWAY_CACHE") or home / "cache").expanduser().absolute(),
            packages=PackagePolicy.from_env(env),
            task_env_pass=tuple(name for name in names if name),
            run_as_user=env.get("TAXIWAY_RUN_AS_USER") or "nobody",
            bounds=bounds_of(
                env.get("TAXIWAY_CACHE_MAX_SIZE", ""), env.get("TAXIWAY_CACHE_MAX_AGE", "")
            ),
        )
