"""`python -m taxiway.server.vault`: a new key for all secrets; `taxiway credentials rotate-key`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from taxiway.errors import TaxiwayError
from taxiway.server.database import Database, upgrade
from taxiway.server.settings import load_settings
from taxiway.server.vault import keys
from taxiway.server.vault.rotation import rotate
from taxiway.server.vault.start import open_vault


def main(arguments: list[str] | None = None) -> int:
    """Rotate, or make the first key; 2 when it cannot be done."""
    options = _parser().parse_args(arguments)
    try:
        settings = load_settings(home=options.home, database_url=options.database_url)
        if options.command == "make-key":
            return _make(settings.secret_keys)
        upgrade(settings.database_url)
        database = Database(settings.database_url)
        try:
            vault = open_vault(database, settings.secret_keys, may_make=False)
            done = rotate(database, vault, forget=options.forget)
        finally:
            database.close()
    except TaxiwayError as error:
        hint = f"\n\nhint: {error.hint}" if error.hint else ""
        print(f"error: {error.message}{hint}", file=sys.stderr)
        return 2
    if done.continued:
        print("An earlier rotation was broken off; this one finished it.")
    print(f"{done.resealed} secrets are sealed with the new key {done.key_id} now.")
    return 0


def _make(file: Path) -> int:
    with keys.alone(file):
        if file.exists():
            print(f"error: {file} is there already", file=sys.stderr)
            return 2
        keys.write(file, keys.new_keys())
    print(f"{file} holds a new key. Keep a copy apart from the database's backups.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="taxiway credentials", description=main.__doc__)
    parser.add_argument("command", choices=("rotate-key", "make-key"))
    parser.add_argument("--home", type=Path, help="where everything lies (default ~/.taxiway)")
    parser.add_argument("--database-url", help="sqlite:///… or postgresql://…")
    parser.add_argument("--forget", action="store_true", help="drop the older keys at once")
    return parser


if __name__ == "__main__":
    sys.exit(main())
