from __future__ import annotations

import json
import os
import sys

import pytest

from taxiway import __version__, process
from taxiway.cli.main import COMMANDS

pytestmark = pytest.mark.integration

RUNS = ("list", "show", "trigger", "watch")

# Each command in a process of its own, forked from one that has imported the libraries they need.
FORKS = """
import json, os, sys
import httpx, typer, typer.testing
from taxiway.cli.main import main

toy = typer.Typer()
toy.command()(lambda number: None)
assert typer.testing.CliRunner().invoke(toy, ["--help"]).exit_code == 0

folder, *commands = sys.argv[1:]
children = []
for command in commands:
    if (child := os.fork()) == 0:
        said = os.open(os.path.join(folder, command), os.O_WRONLY | os.O_CREAT)
        os.dup2(said, 1), os.dup2(said, 2)
        sys.argv[1:] = [*command.split(), "--help"]
        main()
    children.append(os.waitpid(child, 0)[1])
print(json.dumps(children))
"""
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


@pytest.fixture(scope="module")
def helped(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str]]:
    """What each command says with `--help`, and how it ends."""
    every = [*COMMANDS, *(f"runs {verb}" for verb in RUNS)]
    folder = tmp_path_factory.mktemp("help")
    argv = [sys.executable, "-c", FORKS, str(folder), *every]
    ended = process.run(argv, env=dict(os.environ), timeout=240)
    assert ended.returncode == 0, ended.complaint
    statuses: list[int] = json.loads(ended.stdout)
    return {
        name: (status, " ".join((folder / name).read_text().split()))
        for name, status in zip(every, statuses, strict=True)
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_help(helped: dict[str, tuple[int, str]], name: str) -> None:
    status, said = helped[name]
    assert status == 0, said
    assert f"taxiway {name}" in said


@pytest.mark.parametrize("verb", RUNS)
def test_every_verb_has_a_help(helped: dict[str, tuple[int, str]], verb: str) -> None:
    status, said = helped[f"runs {verb}"]
    assert status == 0, said
    assert f"taxiway runs {verb}" in said


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
