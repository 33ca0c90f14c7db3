"""The rotation as a command that is killed, and while a server works."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from taxiway.server.credentials import service
from taxiway.server.credentials.schemas import CredentialCreate
from taxiway.server.database import CredentialRow, Database
from taxiway.server.vault import __main__, keys
from taxiway.server.vault.rotation import owner_of
from taxiway.server.vault.start import open_vault
from taxiway.server.vault.vault import Vault

pytestmark = pytest.mark.integration

COUNT = 4
KILLED = """
import os, signal, sys
from taxiway.server.vault import __main__, keys, rotation
point, count = sys.argv[1], int(sys.argv[2])
def dying(original):
    calls = [0]
    def call(*arguments, **named):
        done = original(*arguments, **named)
        calls[0] += 1
        if calls[0] == count:
            os.kill(os.getpid(), signal.SIGKILL)
        return done
    return call
module, name = {"write": (keys, "write")}.get(point, (rotation, "_reseal"))
setattr(module, name, dying(getattr(module, name)))
sys.exit(__main__.main(["rotate-key", "--home", sys.argv[3], *sys.argv[4:]]))
"""


@pytest.fixture
def made(home: Path) -> list[str]:
    """The ids of credentials, sealed with the first key."""
    database = Database(f"sqlite:///{home}/taxiway.db")
    vault = open_vault(database, home / "secret.keys", may_make=True)
    with database.writing() as session:
        rows = [
            service.create(
                session,
                CredentialCreate(kind="token", host="git.example", secret=f"hunter2-{number}"),
                vault,
            )
            for number in range(COUNT)
        ]
        ids = [row.id for row in rows]
    database.close()
    return ids


def secrets(home: Path, ids: list[str]) -> list[str]:
    """All secrets in clear, in the order of the ids."""
    vault, database = Vault(home / "secret.keys"), Database(f"sqlite:///{home}/taxiway.db")
    with database.reading() as session:
        rows = {row.id: row.secret for row in session.scalars(select(CredentialRow))}
    database.close()
    return [vault.open(owner_of(id_), rows[id_]).reveal() for id_ in ids]


def used(home: Path) -> set[str]:
    database = Database(f"sqlite:///{home}/taxiway.db")
    with database.reading() as session:
        found = set(session.scalars(select(CredentialRow.key_id)))
    database.close()
    return found


def rotate(home: Path, *more: str) -> None:
    assert __main__.main(["rotate-key", "--home", str(home), *more]) == 0


@pytest.mark.parametrize(
    ("point", "count"),
    [("write", 2), ("reseal", COUNT // 2)],
)
def test_a_rotation_that_was_killed_loses_nothing_and_is_finished(
    point: str,
    count: int,
    home: Path,
    made: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Killed when the new key was there and nothing was sealed with it; half-way."""
    expected = [f"hunter2-{number}" for number in range(COUNT)]
    arguments = [sys.executable, "-c", KILLED, point, str(count), str(home)]
    done = subprocess.run(arguments, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert secrets(home, made) == expected
    rotate(home, "--forget")
    said = capsys.readouterr().out
    assert secrets(home, made) == expected
    ring = keys.read(home / "secret.keys")
    assert used(home) == {ring.active} == set(ring.known)
    if point == "reseal":
        assert "broken off" in said


def test_a_server_that_runs_goes_on_through_a_rotation(
    door: Any, home: Path, made: list[str]
) -> None:
    client = door()
    before = keys.read(home / "secret.keys").active
    program = Path(sys.executable).parent / "taxiway"
    done = subprocess.run(
        [program, "credentials", "rotate-key", "--home", home], capture_output=True, text=True
    )
    assert done.returncode == 0 and f"{COUNT} secrets" in done.stdout, done.stderr
    ring = keys.read(home / "secret.keys")
    assert ring.active != before and before in ring.known
    body = {"kind": "token", "host": "git.example", "secret": "hunter2"}
    new = client.post("/api/v1/credentials", json=body).json()
    assert secrets(home, [made[0], new["id"]]) == ["hunter2-0", "hunter2"]
    assert used(home) == {ring.active}
    rotate(home)
    assert before not in keys.read(home / "secret.keys").known
    assert secrets(home, [new["id"]]) == ["hunter2"]


def test_without_its_key_a_rotation_is_refused(
    home: Path, made: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "secret.keys").unlink()
    assert __main__.main(["rotate-key", "--home", str(home)]) == 2
    said = capsys.readouterr().err
    assert "missing" in said and "hint:" in said
    assert not (home / "secret.keys").exists()


def test_a_key_can_be_made_once(tmp_path: Path) -> None:
    command = ["make-key", "--home", str(tmp_path)]
    assert __main__.main(command) == 0
    kept = (tmp_path / "secret.keys").read_bytes()
    assert __main__.main(command) == 2
    assert (tmp_path / "secret.keys").read_bytes() == kept
    assert keys.read(tmp_path / "secret.keys").known
