"""What a stack is told before it starts; plain values, whoever read them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

DEFAULT_HOME = "~/.taxiway"
SERVER_PORT = 8000
AIRFLOW_PORT = 8080
LOOPBACK = "127.0.0.1"


def home_of(environ: Mapping[str, str]) -> Path:
    """The home that the environment names, absolute."""
    return Path(environ.get("TAXIWAY_HOME") or DEFAULT_HOME).expanduser().absolute()


@dataclass(frozen=True)
class StackConfig:
    """One stack on one machine.

    A port of `None` is the default one, or a free one instead; 0 is any free one. `environ` is
    what the parts may take their environment from, settings of Taxiway and of Airflow included.
    """

    home: Path
    port: int | None = None
    airflow_port: int | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    cores: int = field(default_factory=lambda: len(os.sched_getaffinity(0)))

    @property
    def run(self) -> Path:
        """Records of what runs now."""
        return self.home / "run"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def demo(self) -> Path:
        """Repositories that `taxiway demo` makes."""
        return self.home / "demo"

    @property
    def airflow_home(self) -> Path:
        return self.home / "airflow"

    @property
    def passwords(self) -> Path:
        """Airflow's users and passwords, JSON, mode 0600."""
        return self.airflow_home / "passwords.json"
