"""Which warm process is meant, and who makes it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from taxiway.runner.identity import Identity
from taxiway.runner.warm.place import Place, is_forkable, loading_environ, place_of

IDENTITY = Identity("nobody", 65534, 65534)
ENV = {"PATH": "/bin", "LANG": "C.UTF-8"}


def test_whatever_a_fork_cannot_change_makes_it_another_one(tmp_path: Path) -> None:
    environment, python = tmp_path / "environment", Path("/usr/bin/python3")
    environment.mkdir()

    def named(
        modules: tuple[str, ...] = ("numpy",),
        identity: Identity = IDENTITY,
        env: dict[str, str] = ENV,
        interpreter: Path = python,
    ) -> str:
        return place_of(tmp_path, environment, interpreter, modules, identity, env).name

    usual = named()
    assert named() == usual
    others = {
        named(modules=("numpy", "pandas")),
        named(identity=replace(IDENTITY, uid=1)),
        named(identity=replace(IDENTITY, covered=("/home",))),
        named(env=ENV | {"OMP_NUM_THREADS": "1"}),
        named(interpreter=Path("/usr/bin/python4")),
    }
    os.utime(environment, (1, 1))
    others.add(named())
    assert len(others) == 6 and usual not in others


def test_it_is_started_with_what_libraries_read_when_they_are_loaded_and_no_secret() -> None:
    env = ENV | {"OMP_NUM_THREADS": "1", "HOME": "/h", "TMPDIR": "/t", "TOKEN": "x", "MKL_KEY": "s"}
    env |= {"PYTHONUNBUFFERED": "1", "PYTHONPATH": "/s", "TAXIWAY_TASK": "t"}
    assert loading_environ(env, {"MKL_KEY"}) == ENV | {
        "OMP_NUM_THREADS": "1",
        "PYTHONUNBUFFERED": "1",
    }


def test_some_tasks_need_an_interpreter_of_their_own() -> None:
    assert is_forkable(ENV, IDENTITY, ())
    assert is_forkable(ENV | {"TOKEN": "x", "PYTHONPATH": "/s"}, IDENTITY, {"TOKEN"})
    assert not is_forkable(ENV | {"PYTHONHASHSEED": "0"}, IDENTITY, ())
    assert not is_forkable(ENV | {"OMP_KEY": "x"}, IDENTITY, {"OMP_KEY"})
    assert not is_forkable(ENV, replace(IDENTITY, bare=True), ())


def test_one_claims_it_and_who_failed_is_left_alone_for_a_while(tmp_path: Path) -> None:
    place = Place(tmp_path / "warm", "name")
    assert place.connect() is None
    first = place.claim()
    assert first is not None and place.claim() is None
    os.close(first)
    failed = tmp_path / "warm" / "name.failed"
    failed.touch()
    assert place.claim() is None
    os.utime(failed, (1, 1))
    second = place.claim()
    assert second is not None
    os.close(second)


def test_who_holds_the_lock_and_does_not_listen_is_no_process(tmp_path: Path) -> None:
    place = Place(tmp_path, "name")
    (tmp_path / "name").touch()
    assert place.connect() is None
