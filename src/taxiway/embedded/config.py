"""What a stack is told before it starts; plain values, whoever read them."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from taxiway.errors import Invalid

DEFAULT_HOME = "~/.taxiway"
SERVER_PORT = 8000
AIRFLOW_PORT = 8080
LOOPBACK = "127.0.0.1"


def home_of(environ: Mapping[str, str]) -> Path:
    """The home that the environment names, absolute."""
    return Path(environ.get("TAXIWAY_HOME") or DEFAULT_HOME).expanduser().absolute()


@dataclass(frozen=True)
class StackConfig:
    """One stack on one machine. A port of `None` is the default one, or a free one instead."""

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
    def airflow_home(self) -> Path:
        return self.home / "airflow"

    @property
    def passwords(self) -> Path:
        """Airflow's users and passwords, JSON, mode 0600."""
        return self.airflow_home / "passwords.json"


def read_config(
    *,
    home: Path | None = None,
    port: int | None = None,
    airflow_port: int | None = None,
    environ: Mapping[str, str] | None = None,
) -> StackConfig:
    """The settings of a stack: what is given here, then the environment, then `taxiway.toml`.

    What the file says becomes environment of the parts, so that all of them see the same.
    """
    given = dict(os.environ if environ is None else environ)
    folder = home.expanduser().absolute() if home else home_of(given)
    merged = _read_file(folder / "taxiway.toml") | given
    return StackConfig(
        home=folder,
        port=port or _port(merged, "TAXIWAY_PORT"),
        airflow_port=airflow_port or _port(merged, "TAXIWAY_AIRFLOW_PORT"),
        environ=merged,
    )


def _read_file(path: Path) -> dict[str, str]:
    try:
        content = tomllib.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(
            "settings-unreadable", f"{path} is not TOML: {error}", hint="Mend that line."
        ) from error
    return {f"TAXIWAY_{key.upper()}": _as_text(key, value) for key, value in content.items()}


def _as_text(key: str, value: Any) -> str:
    if isinstance(value, list):
        return (":" if key == "git_allow_local" else ",").join(map(str, value))
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _port(environ: Mapping[str, str], name: str) -> int | None:
    text = environ.get(name, "").strip()
    if not text:
        return None
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise Invalid("port-invalid", f"{name} is {text!r}", hint="A port is from 1 to 65535.")
    return int(text)
