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


def read_config(
    environ: Mapping[str, str],
    *,
    home: Path | None = None,
    port: int | None = None,
    airflow_port: int | None = None,
) -> StackConfig:
    """The settings of a stack: what is given here, then `environ`, then `taxiway.toml`.

    What the file says becomes environment of the parts, Airflow's too. Names and values are
    checked by the server, which refuses to start when one is wrong.
    """
    folder = home.expanduser().absolute() if home else home_of(environ)
    given = {name: value for name, value in environ.items() if value}
    merged = _read_file(folder / "taxiway.toml") | given
    return StackConfig(
        home=folder,
        port=_port(merged, "TAXIWAY_PORT") if port is None else port,
        airflow_port=_port(merged, "TAXIWAY_AIRFLOW_PORT")
        if airflow_port is None
        else airflow_port,
        environ=merged,
    )


def _read_file(path: Path) -> dict[str, str]:
    try:
        content = tomllib.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Invalid(
            "settings-refused", f"{path} is not TOML: {error}", hint="Mend that line."
        ) from error
    return {f"TAXIWAY_{key.upper()}": _as_text(key, value) for key, value in content.items()}


def _as_text(key: str, value: Any) -> str:
    if isinstance(value, list):
        return (":" if key == "git_allow_local" else ",").join(map(str, value))
    return str(value)


def _port(environ: Mapping[str, str], name: str) -> int | None:
    text = environ.get(name)
    if text is None:
        return None
    if not text.isdecimal() or int(text) > 65535:
        raise Invalid(
            "settings-refused", f"{name} is {text!r}", hint="A port is a number from 0 to 65535."
        )
    return int(text)
