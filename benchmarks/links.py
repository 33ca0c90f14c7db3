"""How packages get from uv's cache into an environment: copies, hard links, and reflinks where the
file system has them. Which of them is used, and why, is in docs/decisions/0023."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from uv import find_uv_bin

from benchmarks.measure import Options, Row, against, paired
from taxiway.environment.policy import PackagePolicy
from taxiway.environment.python import current
from taxiway.environment.tool import has_reflinks
from taxiway.process import run

PACKAGES = ("requests pyyaml", "numpy pandas")


def measure(options: Options) -> Iterator[Row]:
    folder = options.scratch / "links"
    folder.mkdir()
    modes = {"hardlink": "hard links"} | ({"clone": "reflinks"} if has_reflinks(folder) else {})
    for packages in PACKAGES:
        _environment(folder, packages, "copy")  # into uv's cache
        for mode, name in modes.items():
            found = [
                (_environment(folder, packages, "copy"), _environment(folder, packages, mode))
                for _ in range(options.slow_pairs)
            ]
            named = packages.replace(" ", ", ")
            yield against(f"An environment with {named}, by copies", name, paired(found), goal=None)


def _environment(folder: Path, packages: str, mode: str) -> float:
    target = folder / "environment"
    shutil.rmtree(target, ignore_errors=True)
    env = {
        **dict(PackagePolicy.from_env(os.environ).network),
        **{"PATH": os.environ["PATH"], "HOME": str(folder), "UV_CACHE_DIR": str(folder / "uv")},
        **{"UV_LINK_MODE": mode, "UV_NO_CONFIG": "1"},
    }
    uv, python = find_uv_bin(), str(target / "bin" / "python")
    began = time.perf_counter()
    for argv in (
        [uv, "venv", "--quiet", "--python", str(current().path), str(target)],
        [uv, "pip", "install", "--quiet", "--python", python, *packages.split()],
    ):
        done = run(argv, env=env, timeout=300)
        if done.returncode:
            raise RuntimeError(done.complaint)
    return time.perf_counter() - began
