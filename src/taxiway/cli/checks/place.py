"""Which home, stack and server are looked at."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from taxiway.cli import options
from taxiway.cli.checks.finding import Finding
from taxiway.embedded.config import StackConfig, read_config
from taxiway.embedded.stack import RunningStack, running
from taxiway.errors import Invalid


@dataclass(frozen=True)
class Place:
    """`named` is a server that the user named, beside which the home's stack may not run."""

    config: StackConfig
    stack: RunningStack | None
    named: str | None
    settings: Finding

    @property
    def home(self) -> Path:
        return self.config.home

    @property
    def environ(self) -> Mapping[str, str]:
        return self.config.environ

    @property
    def server_url(self) -> str | None:
        return self.named or (self.stack.server_url if self.stack else None)

    @property
    def storage(self) -> str:
        return self.environ.get("TAXIWAY_STORAGE") or f"file://{self.home}/storage"

    @property
    def cache(self) -> Path:
        return Path(self.environ.get("TAXIWAY_CACHE") or self.home / "cache")


def look(server: str | None, home: Path | None) -> Place:
    """Settings that cannot be read are a finding, and the defaults stand instead."""
    folder = options.folder(home)
    try:
        config = read_config(os.environ, home=folder)
        settings = Finding("settings", "ok", f"Variables, and {folder / 'taxiway.toml'}")
        if not (folder / "taxiway.toml").exists():
            settings = Finding("settings", "ok", "Variables and defaults; no taxiway.toml")
    except Invalid as error:
        config = StackConfig(home=folder)
        settings = Finding("settings", "fail", error.message, error.hint)
    return Place(config, running(folder), server.rstrip("/") if server else None, settings)


def existing(path: Path) -> Path:
    """`path`, or the nearest folder above it that exists."""
    return next(folder for folder in (path, *path.parents) if folder.exists())
