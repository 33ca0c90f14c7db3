"""`taxiway known-hosts`: the public keys that SSH hosts may show."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from taxiway.cli import display, given, options
from taxiway.cli.connection import connect
from taxiway.cli.workflows import confirm
from taxiway.client.http import Json, TaxiwayClient
from taxiway.errors import NotFound

HELP = "Say which keys SSH hosts may show."


def list_(
    host: Annotated[str | None, typer.Argument(help="Only the keys of this host.")] = None,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """List the keys that are known."""
    with connect(server, home) as connection:
        found = list(connection.client.known_hosts(**given.present(host=host)))
    if output is options.Form.json:
        display.data(found)
        return
    display.table(
        ("host", "key", "fingerprint"),
        [(_place(one), _short(one["key_type"]), one["fingerprint"]) for one in found],
        empty="No host is known.",
    )


def add(
    host: Annotated[str, typer.Argument(help="The host, perhaps with a port.")],
    fingerprint: Annotated[
        str | None, typer.Option(help="What the host publishes; it is asked for that key.")
    ] = None,
    key_file: Annotated[
        Path | None, typer.Option(help="File of the public key, as ssh-keyscan prints it.")
    ] = None,
    note: Annotated[str | None, typer.Option(help="Where the key is from.")] = None,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Know one more key of a host, by its fingerprint or from a file."""
    fields = given.present(
        host=host, fingerprint=fingerprint, public_key=given.text_file(key_file), note=note
    )
    with connect(server, home) as connection:
        made = connection.client.create_known_host(**fields)
        if output is options.Form.json:
            display.data(made)
        else:
            display.fields(list(made.items()))
        connection.point(f"/known-hosts/{made['id']}")


def remove(
    host: Annotated[str, typer.Argument(help="The host, or the fingerprint of one key.")],
    yes: options.Yes = False,
    server: options.Server = None,
    home: options.Home = None,
) -> None:
    """Forget the keys of a host, or one of them by its fingerprint."""
    with connect(server, home) as connection:
        found = _named(connection.client, host)
        confirm(f"Forget {len(found)} keys of {_place(found[0])}?", yes)
        for one in found:
            connection.client.delete_known_host(one["id"])
    display.note(f"{len(found)} keys of {_place(found[0])} are forgotten.")


def _named(client: TaxiwayClient, name: str) -> list[Json]:
    found = [
        one
        for one in client.known_hosts()
        if name.lower() in (_place(one), one["host"]) or name == one["fingerprint"]
    ]
    if not found:
        raise NotFound(
            "known-host-not-found",
            f"No key of {name[:255]!r} is known",
            hint="`taxiway known-hosts list` has all.",
        )
    return found


def _place(known: Json) -> str:
    return f"[{known['host']}]:{known['port']}" if known["port"] else str(known["host"])


def _short(key_type: str) -> str:
    return key_type.removeprefix("ssh-").partition("-")[0]


VERBS = {"list": list_, "add": add, "remove": remove}
