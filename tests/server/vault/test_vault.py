from __future__ import annotations

import json
import os
import pickle
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from taxiway.errors import Denied, Invalid, TaxiwayError, Unavailable
from taxiway.redaction import Secret
from taxiway.server.app import create_app
from taxiway.server.database import Database
from taxiway.server.settings import load_settings
from taxiway.server.vault import keys
from taxiway.server.vault.start import open_vault
from taxiway.server.vault.vault import Vault, key_of

SECRET = Secret("hunter2 é\n")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "secret.keys"
    keys.write(path, keys.new_keys())
    return path


@pytest.fixture
def vault(file: Path) -> Vault:
    return Vault(file)


def refused(open_it: Callable[[], object]) -> TaxiwayError:
    with pytest.raises(TaxiwayError) as caught:
        open_it()
    assert caught.value.hint and "hunter2" not in str(caught.value)
    return caught.value


def test_what_is_sealed_opens_again_and_no_two_envelopes_are_equal(vault: Vault) -> None:
    one, two = (vault.seal("credentials:a", SECRET) for _ in range(2))
    assert one != two and "hunter2" not in one
    assert vault.open("credentials:a", one) == vault.open("credentials:a", two) == SECRET
    assert key_of(one) == keys.read(vault.file).active


def test_a_ciphertext_that_was_copied_to_another_row_does_not_open(vault: Vault) -> None:
    envelope = vault.seal("credentials:a", SECRET)
    assert refused(lambda: vault.open("credentials:b", envelope)).code == "secret-damaged"


@pytest.mark.parametrize("change", ["flip", "cut", "text", "empty"])
def test_a_ciphertext_that_was_changed_does_not_open(change: str, vault: Vault) -> None:
    head, _, body = vault.seal("credentials:a", SECRET).rpartition(".")
    changed = {
        "flip": ("B" if body[20] == "A" else "A").join((body[:20], body[21:])),
        "cut": body[:24],
        "text": "not base64!",
        "empty": "",
    }[change]
    assert (
        refused(lambda: vault.open("credentials:a", f"{head}.{changed}")).code == "secret-damaged"
    )


def test_an_envelope_under_another_keys_id_does_not_open(vault: Vault) -> None:
    envelope = vault.seal("credentials:a", SECRET)
    old = key_of(envelope)
    keys.write(vault.file, keys.read(vault.file).with_new())
    forged = envelope.replace(old, keys.read(vault.file).active)
    assert refused(lambda: vault.open("credentials:a", forged)).code == "secret-damaged"
    assert vault.open("credentials:a", envelope) == SECRET


def test_the_file_is_its_owners_alone_and_is_refused_when_it_is_not(file: Path) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o640)
    error = refused(lambda: keys.read(file))
    assert isinstance(error, Denied) and error.code == "secret-key-exposed"


@pytest.mark.parametrize(
    "text", ["", "{}", '{"active": "a", "keys": {}}', '{"active": "a", "keys": {"a": "AAAA"}}']
)
def test_a_damaged_file_is_refused(text: str, file: Path) -> None:
    file.write_text(text)
    error = refused(lambda: keys.read(file))
    assert isinstance(error, Invalid) and error.code == "secret-key-damaged"


def test_keys_do_not_show_themselves(file: Path) -> None:
    ring = keys.read(file)
    text = json.loads(file.read_text())["keys"][ring.active]
    assert text not in repr(ring) and repr(ring.known[ring.active]) not in repr(ring)
    with pytest.raises(TypeError):
        pickle.dumps(SECRET)


@pytest.fixture
def database(home: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{home}/taxiway.db")
    yield made
    made.close()


def test_the_first_start_makes_the_file_and_later_ones_take_it(
    database: Database, home: Path
) -> None:
    file = home / "secret.keys"
    first = open_vault(database, file, may_make=True).seal("x", SECRET)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert open_vault(database, file, may_make=True).open("x", first) == SECRET


def test_a_start_refuses_a_missing_key_and_invents_none(database: Database, home: Path) -> None:
    """Also one of several keys, and another file that has a key of the same name."""
    file = home / "secret.keys"
    open_vault(database, file, may_make=True)
    kept = file.read_text()
    file.unlink()
    error = refused(lambda: open_vault(database, file, may_make=True))
    assert isinstance(error, Unavailable) and error.code == "secret-key-missing"
    assert not file.exists()
    assert refused(lambda: create_app(load_settings(home=home))).code == "secret-key-missing"
    keys.write(file, keys.new_keys())
    error = refused(lambda: open_vault(database, file, may_make=True))
    assert error.code == "secret-key-missing"
    content, other = json.loads(kept), json.loads(file.read_text())
    content["keys"][content["active"]] = next(iter(other["keys"].values()))
    file.write_text(json.dumps(content))
    assert refused(lambda: open_vault(database, file, may_make=True)).code == "secret-damaged"
    file.write_text(kept)
    open_vault(database, file, may_make=True)


@pytest.mark.integration
def test_servers_of_one_database_need_one_key(emptied_postgres: str, tmp_path: Path) -> None:
    database = Database(emptied_postgres)
    first, second = tmp_path / "a.keys", tmp_path / "b.keys"
    envelope = open_vault(database, first, may_make=True).seal("x", SECRET)
    error = refused(lambda: open_vault(database, second, may_make=True))
    assert error.code == "secret-key-missing" and not second.exists()
    keys.write(second, keys.read(first))
    assert open_vault(database, second, may_make=True).open("x", envelope) == SECRET
    database.close()


def test_a_file_that_a_setting_names_is_never_made(home: Path, tmp_path: Path) -> None:
    settings = load_settings(home=home, secret_key_file=tmp_path / "elsewhere" / "keys")
    assert refused(lambda: create_app(settings)).code == "secret-key-missing"
    assert not settings.secret_keys.exists() and not (home / "secret.keys").exists()


def test_the_file_is_replaced_whole(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = file.read_bytes()

    def fail(*_: Any) -> None:
        raise OSError("no space")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="no space"):
        keys.write(file, keys.new_keys())
    assert file.read_bytes() == kept
