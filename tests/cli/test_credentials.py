"""`taxiway credentials` and `known-hosts`, and the commands of the how-to about them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.integration

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "private-repositories.md"
BLOCK = re.compile(r"^```bash\n(.*?)^```", re.MULTILINE | re.DOTALL)
TOKEN = "glpat-hunter2"


@pytest.fixture
def secret(tmp_path: Path) -> str:
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    return str(path)


def create(service: Any, name: str, *more: str, host: str = "git.example") -> Any:
    return service.json("credentials", "create", host, "--name", name, *more)


def refused(service: Any, status: int, *arguments: str) -> Any:
    ended = service.call(*arguments)
    assert ended.exit_code == status, ended.output
    return ended


def test_the_commands_of_the_how_to_work_as_they_are_written(service: Any) -> None:
    """Those in `bash` blocks: the others speak to a host, ask a person, or change the keys."""
    commands = [line for block in BLOCK.findall(HOW_TO.read_text()) for line in block.splitlines()]
    assert len(commands) == 7
    told = ""
    for line in commands:
        before, _, command = line.rpartition(" | ")
        assert not before or re.fullmatch(r'printf %s "\$[A-Z_]+"', before)
        ended = service.run(*shlex.split(command)[1:], stdin=TOKEN if before else None)
        told += ended.stdout + ended.stderr
    assert "ssh-ed25519 AAAA" in told and "SHA256:+DiY3wvvV6TuJJhbpZisF" in told
    assert "ssh://git@github.com/your-org/digits.git" in told
    assert "hunter2" not in told


def test_a_token_comes_from_a_file_or_stdin_and_is_never_shown(service: Any, secret: str) -> None:
    one = create(service, "from-file", "--kind", "token", "--secret-file", secret)
    two = service.run(
        *("credentials", "create", "git.example", "--kind", "token", "--name", "from-stdin"),
        *("--secret-file", "-", "-o", "json"),
        stdin=TOKEN,
    )
    assert one["fingerprint"] in two.stdout and "hunter2" not in two.stdout + two.stderr
    shown = service.run("credentials", "show", "from-file").stdout
    assert "git.example" in shown and "hunter2" not in shown
    told = refused(service, 2, "credentials", "create", "git.example", "--kind", "token")
    assert "--secret-file" in told.stderr


def test_a_credential_is_used_by_name_and_taken_off_with_a_note(service: Any, secret: str) -> None:
    made = create(service, "holder", "--kind", "token", "--secret-file", secret)
    workflow = service.json(
        *("workflows", "create", "private", "--repository", "https://git.example/o/r"),
        *("--credential", "holder"),
    )
    assert workflow["git_credential_id"] == made["id"]
    assert "private" in service.run("credentials", "show", "holder").stdout
    assert "private" in refused(service, 4, "credentials", "delete", "holder", "--yes").stderr
    moved = service.run("workflows", "update", "private", "--repository", "https://b.example/o/r")
    assert "holder" in moved.stderr and "taken off" in moved.stderr
    service.run("credentials", "update", "holder", "--name", "holder 2")
    service.run("credentials", "delete", "holder 2", "--yes")
    lost = refused(service, 3, "credentials", "show", "holder 2")
    assert "taxiway credentials list" in lost.stderr


def test_two_of_one_name_are_told_apart_by_id(service: Any) -> None:
    ids = [create(service, "twin", "--kind", "ssh")["id"] for _ in range(2)]
    told = refused(service, 2, "credentials", "show", "twin")
    assert all(id_ in told.stderr for id_ in ids)
    assert service.json("credentials", "show", ids[0])["id"] == ids[0]


def test_a_test_that_fails_says_why_and_ends_with_5(service: Any) -> None:
    create(service, "elsewhere", "--kind", "ssh")
    ended = refused(service, 5, "credentials", "test", "elsewhere", "git@other.example:o/r.git")
    assert "was not sent" in ended.stderr and "hint:" in ended.stderr


def test_hosts_are_known_by_file_listed_and_forgotten(service: Any, tmp_path: Path) -> None:
    key = create(service, "any", "--kind", "ssh")["public_key"]
    (tmp_path / "key").write_text(f"[ssh.example]:2222 {key} comment\n")
    made = service.json(
        *("known-hosts", "add", "ssh.example:2222", "--key-file", str(tmp_path / "key")),
        *("--note", "told by phone"),
    )
    assert (made["host"], made["port"]) == ("ssh.example", 2222)
    assert "told by phone" in str(service.json("known-hosts", "list", "ssh.example"))
    service.run("known-hosts", "remove", "[ssh.example]:2222", "--yes")
    assert service.json("known-hosts", "list", "ssh.example") == []
    refused(service, 3, "known-hosts", "remove", "ssh.example", "--yes")
