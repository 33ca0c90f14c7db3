"""Files of strangers are parsed with little memory and time, each on its own account."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from taxiway.functions import reading
from taxiway.functions.found import Blob, FoundFunctions
from taxiway.functions.model import FileFunctions
from taxiway.functions.reading import read_functions
from taxiway.storage.cache import Cache

pytestmark = pytest.mark.integration


def test_a_file_that_takes_too_much_is_told_and_the_others_are_parsed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        reading, "_LIMITS", reading.process.Limits(address_space=1 << 30, cpu_seconds=2)
    )
    found = read_functions(
        {
            "a.py": b"def a(): ...\n",
            "bomb.py": b"x = 1\n" * 170_000,
            "deep.py": b"x = " + b"1+" * 300_000 + b"1\n",
            "z.py": b"def z(): ...\n",
        }
    )
    names = {path: [f.name for f in file.functions] for path, file in found.items()}
    assert names == {"a.py": ["a"], "bomb.py": [], "deep.py": [], "z.py": ["z"]}
    problems = {path: file.problem.code for path, file in found.items() if file.problem}
    assert problems == {"bomb.py": "file-too-costly", "deep.py": "file-too-costly"}


def test_the_limits_hold_in_the_process_that_parses() -> None:
    assert reading._LIMITS.address_space == 1 << 30
    assert reading._LIMITS.cpu_seconds == 10
    assert reading._LIMITS.file_size == 0


def test_after_its_time_the_rest_is_left_and_not_remembered(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(reading, "_ALL_SECONDS", -1.0)
    found = FoundFunctions(Cache(tmp_path))
    blob = Blob("a.py", "1" * 40)
    left = found.of([blob], lambda blobs: {"a.py": b"def a(): ...\n"})["a.py"]
    assert left.problem is not None
    assert left.problem.code == "file-not-read"
    monkeypatch.setattr(reading, "_ALL_SECONDS", 60.0)
    read = found.of([blob], lambda blobs: {"a.py": b"def a(): ...\n"})["a.py"]
    assert [f.name for f in read.functions] == ["a"]


def test_many_files_go_to_few_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []
    run = reading.process.run

    def counting(*arguments: object, **rest: object) -> object:
        started.append(1)
        return run(*arguments, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(reading.process, "run", counting)
    sources = {f"{n}.py": b"def f%d(a: int = 1): ...\n" % n for n in range(200)}
    found = read_functions(sources)
    assert len(started) == 2
    assert [f.name for f in found["7.py"].functions] == ["f7"]
    assert len(found) == 200


def test_a_damaged_entry_of_the_cache_is_parsed_anew(tmp_path: Path) -> None:
    read: list[str] = []

    def parse(sources: Mapping[str, bytes]) -> dict[str, FileFunctions]:
        read.extend(sources)
        return {path: FileFunctions(path, names=("x",)) for path in sources}

    blob = Blob("a.py", "2" * 40)
    FoundFunctions(Cache(tmp_path), parse).of([blob], lambda blobs: {"a.py": b""})
    [kept] = [path for path in tmp_path.rglob("2*") if path.is_file()]
    assert json.loads(kept.read_bytes())["names"] == ["x"]
    kept.write_bytes(b'{"path')
    again = FoundFunctions(Cache(tmp_path), parse).of([blob], lambda blobs: {"a.py": b""})
    assert (read, again["a.py"].names) == (["a.py", "a.py"], ("x",))


def test_what_is_known_is_not_read_again(tmp_path: Path) -> None:
    found = FoundFunctions(Cache(tmp_path), lambda sources: {p: FileFunctions(p) for p in sources})
    blobs = [Blob(f"{n}.py", f"{n:040}") for n in range(200)]
    found.of(blobs, lambda wanted: {blob.path: b"" for blob in wanted})

    def never(wanted: list[Blob]) -> dict[str, bytes]:
        raise AssertionError(wanted)

    seconds = []
    for _ in range(5):
        started = time.process_time()
        assert len(found.of(blobs, never)) == 200
        seconds.append(time.process_time() - started)
    assert min(seconds) < 0.05, seconds
