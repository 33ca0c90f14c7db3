"""`taxiway credentials`: secrets for Git hosts. They come from a file, stdin or a prompt, never
from an argument, which every user of the machine can read."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from taxiway.cli import display, given, options
from taxiway.cli.connection import Connection, connect
from taxiway.cli.naming import credential_of
from taxiway.cli.workflows import confirm
from taxiway.client.http import Json
from taxiway.errors import Denied, Invalid
from taxiway.process import become

HELP = "Keep secrets for Git hosts, try them, change and delete them."

Credential = Annotated[str, typer.Argument(help="Its id or its name.")]
Name = Annotated[str | None, typer.Option(help="Its name; the host by default.")]
Username = Annotated[str | None, typer.Option(help="User name beside a token.")]
SecretFile = Annotated[
    Path | None, typer.Option(help="File of the token or private key; - is stdin.")
]
PassphraseFile = Annotated[
    Path | None, typer.Option(help="File of the private key's passphrase; - is stdin.")
]


def list_(
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """List all credentials, and when they were last used."""
    with connect(server, home) as connection:
        found = list(connection.client.credentials())
    if output is options.Form.json:
        display.data(found)
        return
    display.table(
        ("name", "kind", "host", "fingerprint", "last used"),
        [
            (
                one["name"],
                one["kind"],
                _place(one),
                one["fingerprint"],
                one["last_used_at"] or "never",
            )
            for one in found
        ],
        empty="There is no credential yet.",
    )


def show(
    credential: Credential,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Show one credential, without its secret."""
    with connect(server, home) as connection:
        _tell(connection, credential_of(connection.client, credential), output)


def create(
    host: Annotated[str, typer.Argument(help="The one host it is for, perhaps with a port.")],
    kind: Annotated[str, typer.Option(help="token or ssh.")],
    name: Name = None,
    username: Username = None,
    secret_file: SecretFile = None,
    passphrase_file: PassphraseFile = None,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Keep a secret. A token is asked for; kind ssh makes a new key pair unless a file is given."""
    secret = given.text_file(secret_file)
    if secret is None and kind == "token":
        secret = _prompt("Token")
    fields = given.present(
        kind=kind,
        host=host,
        name=name,
        username=username,
        secret=secret,
        passphrase=_line(passphrase_file),
    )
    with connect(server, home) as connection:
        made = connection.client.create_credential(**fields)
        _tell(connection, made, output)
    if kind == "ssh" and secret is None:
        display.note("Give the public key to the Git host, as a deploy key that may only read.")


def update(
    credential: Credential,
    name: Name = None,
    username: Username = None,
    secret_file: SecretFile = None,
    passphrase_file: PassphraseFile = None,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Rename a credential, or give it a new secret; its host never changes."""
    fields = given.present(
        name=name,
        username=username,
        secret=given.text_file(secret_file),
        passphrase=_line(passphrase_file),
    )
    with connect(server, home) as connection:
        found = credential_of(connection.client, credential)
        _tell(connection, connection.client.update_credential(found["id"], **fields), output)


def delete(
    credential: Credential,
    yes: options.Yes = False,
    server: options.Server = None,
    home: options.Home = None,
) -> None:
    """Forget a secret; refused while a workflow uses it."""
    with connect(server, home) as connection:
        found = credential_of(connection.client, credential)
        confirm(f"Delete the credential {found['name']}?", yes)
        connection.client.delete_credential(found["id"])
    display.note(f"{found['name']} is deleted.")


def test(
    credential: Credential,
    url: Annotated[str, typer.Argument(help="Address of a repository.")],
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Try a credential against a repository; exit status 5 when it does not work."""
    with connect(server, home) as connection:
        found = credential_of(connection.client, credential)
        answer = connection.client.test_credential(found["id"], url)
    if output is options.Form.json:
        display.data(answer)
    if not answer["ok"]:
        raise Denied(answer["code"], answer["message"], hint=answer["hint"] or "")
    display.note(" ".join(filter(None, (answer["message"] + ".", answer["hint"]))))


def rotate_key(
    forget: Annotated[bool, typer.Option(help="Drop the older keys at once.")] = False,
    home: options.Home = None,
) -> None:
    """Seal all secrets with a new key, on the server's own machine; it may be killed and repeated."""
    _vault("rotate-key", home, *(["--forget"] if forget else []))


def make_key(home: options.Home = None) -> None:
    """Make the file of keys that TAXIWAY_SECRET_KEY_FILE names, where there is none."""
    _vault("make-key", home)


def _vault(command: str, home: Path | None, *more: str) -> NoReturn:
    """Become the program that has the server's own settings and database."""
    place = str(options.folder(home))
    arguments = ["-m", "taxiway.server.vault", command, "--home", place, *more]
    become([sys.executable, *arguments])


def _prompt(what: str) -> str:
    if not sys.stdin.isatty():
        raise Invalid(
            "option-refused",
            f"{what}: there is nobody to ask",
            hint="Give it in a file, or on stdin with --secret-file -.",
        )
    return str(typer.prompt(what, hide_input=True, err=True))


def _line(path: Path | None) -> str | None:
    text = given.text_file(path)
    return text.rstrip("\r\n") if text is not None else None


def _place(credential: Json) -> str:
    port = f":{credential['port']}" if credential["port"] else ""
    return f"{credential['host']}{port}"


def _tell(connection: Connection, credential: Json, output: options.Form) -> None:
    if output is options.Form.json:
        display.data(credential)
    else:
        users = [workflow["name"] for workflow in credential["workflows"]]
        shown = [(k, v) for k, v in credential.items() if k not in ("workflows", "public_key")]
        display.fields([*shown, ("used by", users)])
        if credential["public_key"]:
            typer.echo(credential["public_key"])  # in one piece, to be copied
    connection.point(f"/credentials/{credential['id']}")


VERBS = {
    "list": list_,
    "show": show,
    "create": create,
    "update": update,
    "delete": delete,
    "test": test,
    "rotate-key": rotate_key,
    "make-key": make_key,
}
