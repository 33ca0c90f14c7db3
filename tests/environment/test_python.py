from __future__ import annotations

import sys
from pathlib import Path

import pytest

from taxiway.environment import python as pythons
from taxiway.errors import Unavailable


def test_our_own_interpreter_is_the_base_of_the_virtual_environment() -> None:
    here = pythons.current()
    assert sys.prefix != sys.base_prefix, "the tests run in a virtual environment"
    assert here.path.is_file()
    assert not here.path.is_symlink()
    assert not (here.path.parent.parent / "pyvenv.cfg").exists()
    assert "shims" not in here.path.parts
    assert here.version == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert here.platform.startswith(sys.platform)


def test_the_c_library_is_part_of_the_platform() -> None:
    assert pythons.current().platform.endswith(("-glibc", "-musl"))


def test_a_missing_version_is_named() -> None:
    with pytest.raises(Unavailable) as caught:
        pythons.find("3.99")
    assert caught.value.code == "python-not-found"
    assert "3.99" in caught.value.message
    assert "Install Python 3.99" in caught.value.hint


def test_a_shim_is_looked_through_and_never_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = tmp_path / "started"
    shim = tmp_path / "shims" / "python3.98"
    shim.parent.mkdir()
    shim.write_text(f"#!/bin/sh\ntouch {started}\n")
    shim.chmod(0o755)
    for version in ("3.98.2", "3.98.10"):
        binary = tmp_path / "versions" / version / "bin" / "python3.98"
        binary.parent.mkdir(parents=True)
        binary.symlink_to(pythons.current().path)
    monkeypatch.setenv("PATH", str(shim.parent))
    found = [path.parents[1].name for path in pythons._candidates("3.98")]
    assert found == ["3.98.10", "3.98.2"]
    with pytest.raises(Unavailable):  # they tell another version than their name
        pythons.find("3.98")
    assert not started.exists()


def test_a_broken_interpreter_on_the_path_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "python3.97").write_bytes(b"\x7fELF not really")
    (tmp_path / "python3.97").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable):
        pythons.find("3.97")


def test_a_virtual_environment_on_the_path_tells_its_base() -> None:
    found = pythons._probe(Path(sys.executable))
    assert found == pythons.current()
