"""The interpreter of a version on this host: one that it has, or one that uv may download."""

from __future__ import annotations

from pathlib import Path

from taxiway.environment import python, tool
from taxiway.environment.policy import PYTHON_DOWNLOADS, PackagePolicy
from taxiway.environment.python import Interpreter
from taxiway.errors import Unavailable
from taxiway.storage.cache import Cache

_DOWNLOAD_SECONDS = 600.0


def downloads(cache: Cache) -> Path:
    """Where downloaded interpreters are; they are kept until somebody removes the folder."""
    return cache.root / "pythons"


def provide(version: str, policy: PackagePolicy, cache: Cache) -> Interpreter:
    """`Unavailable` (`python-not-found`); nothing is downloaded unless the setting allows it."""
    folder = downloads(cache)
    try:
        return python.find(version, downloaded=folder)
    except Unavailable:
        if not policy.python_downloads:
            raise
    with cache.lock("pythons", version):
        folder.mkdir(parents=True, exist_ok=True)
        home = cache.root / ".building"
        home.mkdir(exist_ok=True)
        args = ["python", "install", "--quiet", "--no-bin", "--install-dir", str(folder), version]
        env = {"UV_PYTHON_DOWNLOADS": "automatic"}
        done = tool.call(
            args, policy=policy, cache=cache, folder=home, timeout=_DOWNLOAD_SECONDS, env=env
        )
    if done.returncode:
        raise Unavailable(
            "python-not-found",
            f"This host has no Python {version}, and it could not be downloaded: "
            f"{tool.explain(done)}",
            hint=f"Install it and put it on PATH, or name a mirror in UV_PYTHON_INSTALL_MIRROR; "
            f"{PYTHON_DOWNLOADS} allows the download.",
        )
    return python.find(version, downloaded=folder)
