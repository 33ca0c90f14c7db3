"""`taxiway repositories`: what stands in Git, without a clone."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from itertools import islice
from typing import Annotated, Any, TypeVar

import typer

from taxiway.cli import display, given, options
from taxiway.cli.connection import connect
from taxiway.cli.naming import repository_of
from taxiway.client.http import Json, TaxiwayClient
from taxiway.errors import Invalid

HELP = "Read repositories: refs, files, functions."

Answer = TypeVar("Answer")

Repository = Annotated[str, typer.Argument(help="Its id, its address, or how that ends.")]
Ref = Annotated[
    str | None,
    typer.Option(
        "--ref", "-r", help="A branch, a tag or a commit.", show_default="the default branch"
    ),
]
Path = Annotated[str, typer.Argument(help="From the root, like src/train.py.")]
Search = Annotated[str | None, typer.Option("--search", "-q", help="Only what contains this.")]


def add(
    url: Annotated[str, typer.Argument(help="Its address.")],
    credential: Annotated[str | None, typer.Option(help="The id of its credential.")] = None,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Register a repository, or find it by its address."""
    with connect(server, home) as connection:
        _tell(connection.client.register_repository(url, credential), output)


def list_(
    search: Search = None,
    limit: options.Limit = 50,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """List the repositories that are registered; those of workflows are."""
    with connect(server, home) as connection:
        found = list(islice(connection.client.repositories(**given.present(q=search)), limit))
    _table(
        found,
        output,
        ("repository", "default branch", "looked at (UTC)"),
        lambda entry: (
            entry["url"],
            entry["default_branch"],
            display.moment(entry["looked_at"]),
        ),
        empty="There is none yet: `taxiway repositories add <address>` registers one.",
    )


def refresh(
    repository: Repository,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Look at the remote now."""
    _tell(_ask(repository, server, home, TaxiwayClient.refresh_repository), output)


def refs(
    repository: Repository,
    search: Search = None,
    limit: options.Limit = 50,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """List branches and tags, newest first."""
    asked = given.present(q=search)
    _table(
        _ask(repository, server, home, lambda c, key: [*islice(c.refs(key, **asked), limit)]),
        output,
        ("ref", "kind", "commit", "time (UTC)", "subject"),
        lambda ref: (
            f"{ref['name']} (default)" if ref["is_default"] else ref["name"],
            ref["kind"],
            ref["commit"][:12],
            display.moment(ref["committed_at"]),
            ref["subject"],
        ),
        empty="It has no branch and no tag.",
    )


def commits(
    repository: Repository,
    ref: Ref = None,
    limit: options.Limit = 20,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """List the commits of a ref, newest first."""
    asked = given.present(ref=ref)
    _table(
        _ask(repository, server, home, lambda c, key: [*islice(c.commits(key, **asked), limit)]),
        output,
        ("commit", "time (UTC)", "author", "subject"),
        lambda commit: (
            commit["commit"][:12],
            display.moment(commit["committed_at"]),
            commit["author"],
            commit["subject"],
        ),
    )


def tree(
    repository: Repository,
    path: Path = "",
    ref: Ref = None,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """List a folder."""
    asked = given.present(ref=ref)
    _table(
        _ask(repository, server, home, lambda c, key: [*c.tree(key, path=path, **asked)]),
        output,
        ("name", "kind", "size"),
        lambda entry: (
            entry["name"] + (f" -> {entry['target']}" if entry["target"] else ""),
            entry["kind"],
            "" if entry["size"] is None else f"{entry['size']:,}",
        ),
        empty="The folder is empty.",
    )


def show(
    repository: Repository,
    path: Annotated[str | None, typer.Argument(help="A file; without one: the facts.")] = None,
    ref: Ref = None,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Show a repository, or print a file of it."""
    with connect(server, home) as connection:
        found = repository_of(connection.client, repository)
        if path is None:
            _tell(found, output)
            return
        file = connection.client.file(found["id"], path=path, **given.present(ref=ref))
    if output is options.Form.json:
        display.data(file)
        return
    if file["text"] is None:
        why = "larger than what is shown" if file["is_too_large"] else "no text"
        raise Invalid(
            "file-not-shown",
            f"{path} has {file['size']:,} bytes and is {why}",
            hint="`-o json` tells its id and its size.",
        )
    typer.echo(display.plain(file["text"]), nl=not file["text"].endswith("\n"))


def diff(
    repository: Repository,
    base: Annotated[str, typer.Argument(help="A branch, a tag or a commit.")],
    head: Annotated[str, typer.Argument(help="The other one.")],
    path: Annotated[str, typer.Option(help="Only this file or folder.")] = "",
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """Print what differs between two commits."""
    told = _ask(
        repository, server, home, lambda c, key: c.diff(key, base=base, head=head, path=path)
    )
    if output is options.Form.json:
        display.data(told)
        return
    for file in told["files"]:
        if file["text"] is None:
            old = f"{file['old_path']} -> " if file["old_path"] else ""
            why = f" ({file['omitted']})" if file["omitted"] else ""
            typer.echo(display.plain(f"{file['status']} {old}{file['path']}{why}"))
    typer.echo(display.plain(told["text"]), nl=False)


def functions(
    repository: Repository,
    path: Path = "",
    search: Search = None,
    ref: Ref = None,
    limit: options.Limit = 500,
    server: options.Server = None,
    home: options.Home = None,
    output: options.Output = options.Form.table,
) -> None:
    """List the functions of a file, a folder or everything, found without importing them."""
    asked = {"path": path, **given.present(ref=ref, q=search)}
    files = _ask(
        repository, server, home, lambda c, key: [*islice(c.functions(key, **asked), limit)]
    )
    if output is options.Form.json:
        display.data(files)
        return
    display.table(
        ("function", "lines", "what it does"),
        [
            (f"{file['path']}: {function['signature']}", "{}-{}".format(*function["lines"]),
             function["doc"]["summary"])
            for file in files
            for function in file["functions"]
        ],
        empty="No function was found.",
    )  # fmt: skip
    for file in files:
        if problem := file["problem"]:
            display.note(display.plain(f"{file['path']}:{problem['line']}: {problem['reason']}"))


def _ask(
    repository: str,
    server: str | None,
    home: pathlib.Path | None,
    read: Callable[[TaxiwayClient, str], Answer],
) -> Answer:
    """What the server says of the repository that is called so."""
    with connect(server, home) as connection:
        return read(connection.client, repository_of(connection.client, repository)["id"])


def _tell(repository: Json, output: options.Form) -> None:
    if output is options.Form.json:
        display.data(repository)
        return
    problem = repository["problem"] or {}
    display.fields(
        [
            ("repository", repository["url"]),
            ("id", repository["id"]),
            ("default branch", repository["default_branch"]),
            ("credential", repository["git_credential_id"]),
            ("looked at", display.moment(repository["looked_at"])),
            ("problem", problem.get("message")),
        ]
    )


def _table(
    items: list[Json],
    output: options.Form,
    headings: tuple[str, ...],
    row: Callable[[Json], tuple[Any, ...]],
    *,
    empty: str = "",
) -> None:
    if output is options.Form.json:
        display.data(items)
        return
    display.table(headings, [row(item) for item in items], empty=empty)


VERBS = {
    "add": add,
    "list": list_,
    "show": show,
    "refresh": refresh,
    "refs": refs,
    "commits": commits,
    "tree": tree,
    "diff": diff,
    "functions": functions,
}
