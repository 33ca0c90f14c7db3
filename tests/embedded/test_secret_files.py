from __future__ import annotations

import json
import stat
from pathlib import Path

from taxiway.embedded import secret_files


def test_a_secret_is_generated_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "secrets" / "key"
    first = secret_files.keep(file, secret_files.token)
    assert secret_files.keep(file, secret_files.token) == first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_secret_file_that_others_could_read_is_closed(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("old")
    file.chmod(0o644)
    assert secret_files.keep(file, secret_files.token).reveal() == "old"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_password_of_a_user_is_read_back(tmp_path: Path) -> None:
    file = tmp_path / "passwords.json"
    secret_files.write_private(file, secret_files.passwords("ada"))
    password = secret_files.password_of(file, "ada").reveal()
    assert json.loads(file.read_text()) == {"ada": password}
    assert len(password) >= 16
