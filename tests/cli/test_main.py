from __future__ import annotations

import os
import sys

import pytest

from taxiway import __version__, process
from taxiway.cli.main import COMMANDS

pytestmark = pytest.mark.integration

HEAVY = ("airflow", "fastapi", "sqlalchemy", "pydantic", "httpx", "pygit2", "jinja2")


def taxiway(*arguments: str) -> process.Completed:
    argv = [sys.executable, "-c", "from taxiway.cli.main import main; main()", *arguments]
    return process.run(argv, env=dict(os.environ), timeout=60)


def test_the_version_is_told() -> None:
    assert taxiway("--version").stdout.decode() == f"taxiway {__version__}\n"


def test_the_version_needs_nothing_heavy() -> None:
    code = (
        "import atexit, sys\n"
        f"heavy = {HEAVY!r}\n"
        "atexit.register(lambda: print([name for name in heavy if name in sys.modules]))\n"
        "sys.argv[1:] = ['--version']\n"
        "from taxiway.cli.main import main; main()\n"
    )
    ended = process.run([sys.executable, "-c", code], env=dict(os.environ), timeout=60)
    assert ended.stdout.decode().splitlines()[-1] == "[]"


def test_the_version_is_told_at_once() -> None:
    began = os.times()
    taxiway("--version")
    ended = os.times()
    # processor time: the clock on the wall is also the neighbours'
    used = ended.children_user + ended.children_system
    assert used - began.children_user - began.children_system < 0.5


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_help(name: str) -> None:
    ended = taxiway(name, "--help")
    assert ended.returncode == 0
    assert f"taxiway {name}" in " ".join(ended.stdout.decode().split())


def test_an_unknown_command_is_wrong_usage() -> None:
    ended = taxiway("fly")
    assert ended.returncode == 2
    assert b"No such command 'fly'" in ended.stderr


def test_the_shell_completes_nouns_verbs_and_options() -> None:
    def complete(words: str, position: int) -> list[str]:
        code = "from taxiway.cli.main import main; main()"
        asked = {"_TAXIWAY_COMPLETE": "complete_bash", "COMP_WORDS": words}
        env = {**os.environ, **asked, "COMP_CWORD": str(position)}
        done = process.run([sys.executable, "-c", code], env=env, timeout=60)
        return done.stdout.decode().split()

    assert complete("taxiway rel", 1) == ["releases"]
    assert complete("taxiway runs tr", 2) == ["trigger"]
    assert "--param" in complete("taxiway runs trigger --p", 3)


@pytest.mark.parametrize("verb", ["list", "show", "trigger", "watch"])
def test_every_verb_has_a_help(verb: str) -> None:
    ended = taxiway("runs", verb, "--help")
    assert ended.returncode == 0
    assert f"taxiway runs {verb}" in " ".join(ended.stdout.decode().split())
