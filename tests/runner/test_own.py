from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from taxiway.environment import python
from taxiway.environment.policy import PackagePolicy
from taxiway.errors import Unavailable
from taxiway.runner import own
from taxiway.storage.cache import Cache

OWN = f"{sys.version_info.major}.{sys.version_info.minor}"


def other_python() -> str:
    """One that is on this host; the worker's own where there is no other."""
    for version in ("3.12", "3.13", "3.11", "3.10"):
        try:
            if version != OWN:
                python.find(version)
                return version
        except Unavailable:
            continue
    return OWN


@pytest.mark.integration
def test_our_part_of_a_task_has_byte_code_for_other_pythons_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, inside = Cache(tmp_path / "cache"), tmp_path / "inside"
    shutil.copytree(own.INSIDE, inside, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(own, "INSIDE", inside)
    assert own.was_compiled(cache, OWN)
    monkeypatch.setattr(own, "_OWN", "")
    version = other_python()
    assert not own.was_compiled(cache, version)
    own.compile_own(cache, version, PackagePolicy())
    made = {path.name.split(".")[0] for path in (inside / "__pycache__").iterdir()}
    assert made == {path.stem for path in inside.glob("*.py")}
    assert own.was_compiled(cache, version)
